"""Calls to AIVAX in the database: counted, promised to turns, and shared out, for all processes together."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, Select, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.domain import Served, Turn, Waiting, Window, free_calls, next_calls
from core.storage.db import Database
from core.storage.turns import fair_claim
from core.storage.turns.store import TurnStore

LATELY = timedelta(hours=1)
"""Who was served longer ago has the same right as who never was."""
LOCK = 4_207_849_484
"""Our name for PostgreSQL's advisory lock: one process at a time counts and takes. SQLite has one writer anyway."""
RACES = 3


class CallStore:
    """Who may make the next call. A call is promised in the transaction that claims its turn, and dated when made.

    A promise counts for as long as its turn runs: one that ends, or waits again, without a call gives it back.
    """

    def __init__(
        self,
        database: Database,
        turn_store: TurnStore,
        now: Callable[[], datetime],
        *,
        person_share: float = 1.0,
    ) -> None:
        """`person_share` is the part of a window's calls that one person may take."""
        self._person_share = person_share
        self._database = database
        self._turn_store = turn_store
        self._now = now

    async def claim(self, windows: Sequence[Window], platforms: Collection[str]) -> Turn | None:
        """Take the turn that is next: one that needs no call, else the fair one, if a call is free for it."""
        for _ in range(RACES):
            async with self._database.write() as connection:
                await self._alone(connection)
                head, is_call = await self._head(connection, windows, platforms)
                if head is None:
                    return None
                turn = await self._turn_store.claim_within(connection, head.conversation_id)
                if turn is not None:
                    if is_call:
                        await self._promise(connection, turn)
                    return turn
        return None

    async def _head(
        self, connection: AsyncConnection, windows: Sequence[Window], platforms: Collection[str]
    ) -> tuple[Row[Any] | None, bool]:
        """The turn that is next, and whether it takes a call."""
        ready = await self._next(connection, fair_claim.ready(), platforms)
        if ready is not None:
            return ready, False
        if not free_calls(windows, await self._made(connection, windows), self._now()):
            return None, True
        fairest = fair_claim.fairest(len(windows))
        more = {**self._shares(windows), **self._turn_store.passed_over()}
        return await self._next(connection, fairest, platforms, **more), True

    async def spend(self, turn_id: int, windows: Sequence[Window]) -> datetime | None:
        """Date the call that was promised to a turn, or take one more for it; else, when to ask again."""
        async with self._database.write() as connection:
            promised = {"turn": turn_id, "now": self._now()}
            if (await connection.execute(fair_claim.sending(), promised)).rowcount:
                return None
            await self._alone(connection)
            made = await self._made(connection, windows)
            if not free_calls(windows, made, self._now()):
                return next_calls(windows, made, self._now(), 1)[0]
            await self._take(connection, turn_id, is_sent=True)
            return None

    async def made(self, windows: Sequence[Window]) -> list[datetime]:
        """When the calls were made that count now; those that are promised count as made now."""
        async with self._database.read() as connection:
            return await self._made(connection, windows)

    async def ready(self, platforms: Collection[str]) -> list[int]:
        """Conversations whose next turn needs no call."""
        async with self._database.read() as connection:
            asked = {"now": self._now(), "platforms": list(platforms), "most": fair_claim.ALL}
            rows = await connection.execute(fair_claim.ready(), asked)
            return [row.conversation_id for row in rows]

    async def waiting(self, platforms: Collection[str], most: int | None = None) -> list[Waiting]:
        """The next turns that are due and wait for a call: the `most` first ones that may run, or the whole line."""
        everybody = {"person_running": fair_claim.ALL, "roomless": []}
        passed_over = everybody if most is None else self._turn_store.passed_over()
        async with self._database.read() as connection:
            asked = {"platforms": list(platforms), "most": fair_claim.ALL if most is None else most}
            rows = await connection.execute(
                fair_claim.fairest(0), {**self._moments(), **asked, **passed_over}
            )
            return [Waiting(**row._mapping) for row in rows]  # noqa: SLF001  its public name, despite the underscore

    async def served(self) -> Served:
        """When each was last served: the number of the call."""
        async with self._database.read() as connection:
            workspaces = await connection.execute(fair_claim.last_of_workspaces(), self._moments())
            persons = await connection.execute(fair_claim.last_of_persons(), self._moments())
            return Served({row.key: row.last for row in workspaces}, {row.key: row.last for row in persons})

    async def _made(self, connection: AsyncConnection, windows: Sequence[Window]) -> list[datetime]:
        since = min(window.begins(self._now()) for window in windows)
        rows = await connection.execute(fair_claim.counted(), {"counted": since})
        return [row.at if row.sent else self._now() for row in rows]

    async def _next(
        self,
        connection: AsyncConnection,
        statement: Select[Any],
        platforms: Collection[str],
        **more: object,
    ) -> Row[Any] | None:
        asked = {**self._moments(), "platforms": list(platforms), "most": 1, **more}
        found: Row[Any] | None = (await connection.execute(statement, asked)).first()
        return found

    async def _promise(self, connection: AsyncConnection, turn: Turn) -> None:
        if turn.attempt > 1:
            await connection.execute(fair_claim.unpromised(), {"turn": turn.id})
        await self._take(connection, turn.id, is_sent=False)

    async def _take(self, connection: AsyncConnection, turn_id: int, *, is_sent: bool) -> None:
        taken = {"turn": turn_id, "now": self._now(), "is_sent": is_sent}
        await connection.execute(fair_claim.taking(), taken)

    async def _alone(self, connection: AsyncConnection) -> None:
        if not self._database.is_sqlite:
            await connection.execute(select(func.pg_advisory_xact_lock(LOCK)))

    def _moments(self) -> dict[str, Any]:
        return {"now": self._now(), "lately": self._now() - LATELY}

    def _shares(self, windows: Sequence[Window]) -> dict[str, Any]:
        shares: dict[str, Any] = {}
        for at, window in enumerate(windows):
            shares[f"since_{at}"] = window.begins(self._now())
            shares[f"share_{at}"] = max(1, int(window.calls * self._person_share))
        return shares
