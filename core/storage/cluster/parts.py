"""Rows that say which process has which part of something, such as a shard, and which processes there are."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.storage.db import Database, cluster_members, cluster_parts, insert_into

FORGET_AFTER = timedelta(hours=1)
"""When rows of processes that are gone are deleted."""


@dataclass(frozen=True, slots=True)
class Shared:
    """How something is shared at one moment."""

    ours: frozenset[int]
    """The parts of this process that it goes on having."""
    holding: Mapping[str, int]
    """Each living process, and how many parts it has."""
    free: frozenset[int]
    """The parts that nobody has."""


class PartStore:
    """Parts by name, each some process's for a while, by the database's time."""

    def __init__(
        self, database: Database, now: Callable[[], datetime], name: str, owner: str, *, lease_s: float
    ) -> None:
        """`owner` names this process; what it does not renew is anybody's after `lease_s`."""
        self.owner = owner
        self.lease_s = lease_s
        self._database = database
        self._now = now
        self._name = name

    async def size_in_use(self) -> int | None:
        """Into how many parts living processes cut it, if there are any."""
        columns = cluster_members.c
        living = (columns.name == self._name) & (columns.held_until > self._now())
        async with self._database.read() as connection:
            found = await connection.execute(select(func.max(columns.size)).where(living))
            size: int | None = found.scalar_one_or_none()
            return size

    async def look(self, size: int, keep: Collection[int], ended: Collection[int]) -> Shared:
        """Stay a member, keep the parts `keep` where they are still ours, give `ended` back; how things stand then."""
        now = self._now()
        until = now + timedelta(seconds=self.lease_s)
        async with self._database.write() as connection:
            await self._be_there(connection, size, until)
            if ended:
                given = update(cluster_parts).where(
                    *self._ours(size), cluster_parts.c.part.in_(sorted(ended))
                )
                await connection.execute(given.values(held_until=now))
            ours: frozenset[int] = frozenset()
            if keep:
                kept = update(cluster_parts).where(*self._ours(size), cluster_parts.c.part.in_(sorted(keep)))
                renewed = kept.values(held_until=until).returning(cluster_parts.c.part)
                ours = frozenset((await connection.execute(renewed)).scalars())
            return await self._shared(connection, size, ours, now)

    async def take(self, size: int, part: int) -> bool:
        """Take a part that nobody has; whether it is ours now."""
        now = self._now()
        held_until = now + timedelta(seconds=self.lease_s)
        async with self._database.write() as connection:
            made = insert_into(connection, cluster_parts).values(
                name=self._name, size=size, part=part, owner=self.owner, held_until=held_until
            )
            taken = made.on_conflict_do_update(
                index_elements=list(cluster_parts.primary_key),
                set_={"owner": self.owner, "held_until": held_until},
                where=cluster_parts.c.held_until <= now,
            )
            found = await connection.execute(taken.returning(cluster_parts.c.part))
            return found.scalar_one_or_none() is not None

    async def leave(self, size: int) -> None:
        """Give all parts back, and be no member any more; rows of processes that went long ago go, too."""
        now = self._now()
        members = cluster_members.c
        gone = (members.owner == self.owner) | (members.held_until < now - FORGET_AFTER)
        async with self._database.write() as connection:
            await connection.execute(update(cluster_parts).where(*self._ours(size)).values(held_until=now))
            await connection.execute(delete(cluster_members).where(members.name == self._name, gone))

    async def _be_there(self, connection: AsyncConnection, size: int, until: datetime) -> None:
        made = insert_into(connection, cluster_members).values(
            name=self._name, owner=self.owner, size=size, held_until=until
        )
        there = made.on_conflict_do_update(
            index_elements=list(cluster_members.primary_key), set_={"size": size, "held_until": until}
        )
        await connection.execute(there)

    async def _shared(
        self, connection: AsyncConnection, size: int, ours: frozenset[int], now: datetime
    ) -> Shared:
        members, parts = cluster_members.c, cluster_parts.c
        living = (members.name == self._name) & (members.size == size) & (members.held_until > now)
        holding = dict.fromkeys((await connection.execute(select(members.owner).where(living))).scalars(), 0)
        held = (parts.name == self._name) & (parts.size == size) & (parts.held_until > now)
        taken: set[int] = set()
        for part, owner in await connection.execute(select(parts.part, parts.owner).where(held)):
            taken.add(part)
            if owner in holding:
                holding[owner] += 1
        return Shared(ours, holding, frozenset(range(size)) - taken)

    def _ours(self, size: int) -> tuple[ColumnElement[bool], ...]:
        columns = cluster_parts.c
        return (columns.name == self._name, columns.size == size, columns.owner == self.owner)
