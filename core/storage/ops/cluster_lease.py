"""One row that says which process does what is done once for all of them, and until when."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.storage.db import Database, cluster_leases, insert_into

UPKEEP = "upkeep"


@dataclass(frozen=True, slots=True)
class AccountReading:
    """What the lease's owner last read of the account, for the others; None: it is not told."""

    balance_usd: float | None = None
    usage_24h_usd: float | None = None


class ClusterLease:
    """A lease of this process's, by the database's time. What another one took is lost for good: a fence tells."""

    def __init__(
        self,
        database: Database,
        now: Callable[[], datetime],
        owner: str,
        *,
        lease_s: float,
        name: str = UPKEEP,
    ) -> None:
        """`owner` names this process; unrenewed it is anybody's after `lease_s`."""
        self.lease_s = lease_s
        self._database = database
        self._now = now
        self._owner = owner
        self._name = name
        self._fence = 0

    async def take(self) -> bool:
        """Take it where nobody holds it; whether it is ours now. Costs one read while somebody does."""
        async with self._database.read() as connection:
            held = (await connection.execute(self._row())).one_or_none()
        if held is not None and held.held_until > self._now():
            return False
        async with self._database.write() as connection:
            return await self._take(connection)

    async def renew(self, reading: AccountReading) -> bool:
        """Hold it for another while, and tell the others what was read; whether it is ours still."""
        values = {
            "held_until": self._now() + self._lease,
            "balance_usd": reading.balance_usd,
            "usage_24h_usd": reading.usage_24h_usd,
        }
        async with self._database.write(urgent=True) as connection:
            renewed = update(cluster_leases).where(*self._ours()).values(**values)
            return (await connection.execute(renewed)).rowcount > 0

    async def give_back(self) -> None:
        """Let another process take it at once; one that was taken over stays its taker's."""
        async with self._database.write() as connection:
            freed = update(cluster_leases).where(*self._ours())
            await connection.execute(freed.values(held_until=self._now()))

    async def reading(self) -> AccountReading:
        """What its owner last read of the account."""
        async with self._database.read() as connection:
            row = (await connection.execute(self._row())).one_or_none()
        return AccountReading() if row is None else AccountReading(row.balance_usd, row.usage_24h_usd)

    @property
    def _lease(self) -> timedelta:
        return timedelta(seconds=self.lease_s)

    def _row(self) -> Select[Any]:
        return select(cluster_leases).where(cluster_leases.c.name == self._name)

    def _ours(self) -> tuple[ColumnElement[bool], ...]:
        columns = cluster_leases.c
        return (columns.name == self._name, columns.owner == self._owner, columns.fence == self._fence)

    async def _take(self, connection: AsyncConnection) -> bool:
        now = self._now()
        values: dict[str, Any] = {"owner": self._owner, "fence": 1, "held_until": now + self._lease}
        first = insert_into(connection, cluster_leases).values(name=self._name, **values)
        made = first.on_conflict_do_nothing().returning(cluster_leases.c.fence)
        fence = (await connection.execute(made)).scalar_one_or_none()
        if fence is None:
            columns = cluster_leases.c
            free = update(cluster_leases).where(columns.name == self._name, columns.held_until <= now)
            values["fence"] = columns.fence + 1
            taken = free.values(**values).returning(columns.fence)
            fence = (await connection.execute(taken)).scalar_one_or_none()
        self._fence = fence or 0
        return fence is not None
