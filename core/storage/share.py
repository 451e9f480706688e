"""Calls to AIVAX in the database: counted, promised to turns, and shared out, for all processes together."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, Subquery, exists, func, insert, literal, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.admission.line import Served, Waiting
from core.admission.rates import Window, free_calls, next_calls
from core.storage.engine import Database
from core.storage.tables import calls, conversations, identities, turns
from core.storage.turns import TurnStore
from core.turns.model import Turn, TurnState

LATELY = timedelta(hours=1)
"""Who was served longer ago has the same right as who never was."""
LOCK = 4_207_849_484
"""Our name for PostgreSQL's advisory lock: one process at a time counts and takes. SQLite has one writer anyway."""
RACES = 3


class ShareStore:
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
        async with self._database.write() as connection:
            await self._alone(connection)
            for _ in range(RACES):
                head = (await connection.execute(_answered(self._heads(platforms)).limit(1))).first()
                is_call = head is None
                if head is None and free_calls(windows, await self._made(connection, windows), self._now()):
                    fairest = self._fairest(platforms, without=self._sated(windows))
                    head = (await connection.execute(fairest.limit(1))).first()
                if head is None:
                    return None
                turn = await self._turn_store.claim_within(connection, head.conversation_id)
                if turn is not None:
                    if is_call:
                        await self._promise(connection, turn)
                    return turn
        return None

    async def spend(self, turn_id: int, windows: Sequence[Window]) -> datetime | None:
        """Date the call that was promised to a turn, or take one more for it; else, when to ask again."""
        async with self._database.write() as connection:
            promised = update(calls).where(calls.c.turn_id == turn_id, _is_promise())
            if (await connection.execute(promised.values(sent=True, at=self._now()))).rowcount:
                return None
            await self._alone(connection)
            made = await self._made(connection, windows)
            if not free_calls(windows, made, self._now()):
                return next_calls(windows, made, self._now(), 1)[0]
            await self._insert(connection, turn_id, sent=True)
            return None

    async def made(self, windows: Sequence[Window]) -> list[datetime]:
        """When the calls were made that count now; those that are promised count as made now."""
        async with self._database.read() as connection:
            return await self._made(connection, windows)

    async def ready(self, platforms: Collection[str]) -> list[int]:
        """Conversations whose next turn needs no call."""
        async with self._database.read() as connection:
            rows = await connection.execute(_answered(self._heads(platforms)))
            return [row.conversation_id for row in rows]

    async def waiting(self, platforms: Collection[str], most: int | None = None) -> list[Waiting]:
        """The next turns that are due and wait for a call, the `most` first ones."""
        async with self._database.read() as connection:
            rows = await connection.execute(self._fairest(platforms).limit(most))
            return [Waiting(**row._mapping) for row in rows]  # noqa: SLF001  its public name, despite the underscore

    async def served(self) -> Served:
        """When each was last served: the number of the call."""
        async with self._database.read() as connection:
            workspaces = await connection.execute(self._last(calls.c.workspace).select())
            persons = await connection.execute(self._last(calls.c.person_id).select())
            return Served({row.key: row.last for row in workspaces}, {row.key: row.last for row in persons})

    async def _made(self, connection: AsyncConnection, windows: Sequence[Window]) -> list[datetime]:
        since = min(window.begins(self._now()) for window in windows)
        # one statement: between two a promise could become a call, and be seen by neither
        counted = select(calls.c.at, calls.c.sent).where(
            (calls.c.sent & (calls.c.at > since)) | _is_promise()
        )
        rows = await connection.execute(counted)
        return [row.at if row.sent else self._now() for row in rows]

    async def _promise(self, connection: AsyncConnection, turn: Turn) -> None:
        await connection.execute(calls.delete().where(calls.c.turn_id == turn.id, ~calls.c.sent))
        await self._insert(connection, turn.id, sent=False)

    async def _insert(self, connection: AsyncConnection, turn_id: int, *, sent: bool) -> None:
        row = (
            select(
                turns.c.id,
                _WORKSPACE,
                identities.c.person_id,
                literal(self._now(), calls.c.at.type),
                literal(sent),
            )
            .select_from(turns.join(conversations).join(identities, turns.c.identity_id == identities.c.id))
            .where(turns.c.id == turn_id)
        )
        await connection.execute(
            insert(calls).from_select(["turn_id", "workspace", "person_id", "at", "sent"], row)
        )

    async def _alone(self, connection: AsyncConnection) -> None:
        if not self._database.is_sqlite:
            await connection.execute(select(func.pg_advisory_xact_lock(LOCK)))

    def _heads(self, platforms: Collection[str]) -> Select[Any]:
        """The next turn of each conversation that runs none, where it is due."""
        first = (
            select(func.min(turns.c.id).label("id"))
            .where(turns.c.state == TurnState.QUEUED)
            .group_by(turns.c.conversation_id)
            .subquery()
        )
        running = turns.alias("running")
        busy = exists().where(
            (running.c.conversation_id == turns.c.conversation_id) & (running.c.state == TurnState.RUNNING)
        )
        return (
            select(
                turns.c.id.label("turn_id"),
                turns.c.conversation_id,
                _WORKSPACE.label("workspace"),
                identities.c.person_id,
                turns.c.due_at.label("since"),
                turns.c.place_told,
            )
            .select_from(
                turns.join(first, turns.c.id == first.c.id)
                .join(conversations, turns.c.conversation_id == conversations.c.id)
                .join(identities, turns.c.identity_id == identities.c.id)
            )
            .where(turns.c.due_at <= self._now(), ~busy, conversations.c.platform.in_(platforms))
        )

    def _sated(self, windows: Sequence[Window]) -> Sequence[Select[Any]]:
        """The persons who have had their share of a window, for each."""
        return [
            select(calls.c.person_id)
            .where((calls.c.sent & (calls.c.at > window.begins(self._now()))) | _is_promise())
            .group_by(calls.c.person_id)
            .having(func.count() >= max(1, int(window.calls * self._person_share)))
            for window in windows
        ]

    def _fairest(self, platforms: Collection[str], without: Sequence[Select[Any]] = ()) -> Select[Any]:
        asked = self._heads(platforms).where(turns.c.answer.is_(None))
        heads = asked.where(*(identities.c.person_id.not_in(sated) for sated in without)).subquery()
        workspace, person = self._last(calls.c.workspace), self._last(calls.c.person_id)
        return (
            select(heads)
            .outerjoin(workspace, workspace.c.key == heads.c.workspace)
            .outerjoin(person, person.c.key == heads.c.person_id)
            .order_by(func.coalesce(workspace.c.last, 0), func.coalesce(person.c.last, 0), heads.c.turn_id)
        )

    def _last(self, column: ColumnElement[Any]) -> Subquery:
        lately = (calls.c.at > self._now() - LATELY) & (calls.c.sent | _is_promise())
        last = select(column.label("key"), func.max(calls.c.id).label("last"))
        return last.where(lately).group_by(column).subquery()


_WORKSPACE = conversations.c.platform + ":" + conversations.c.workspace


def _answered(heads: Select[Any]) -> Select[Any]:
    return heads.where(turns.c.answer.is_not(None)).order_by(turns.c.id)


def _is_promise() -> ColumnElement[bool]:
    """Whether a call stands ready for a turn that runs."""
    promised = turns.alias("promised")
    runs = exists().where((promised.c.id == calls.c.turn_id) & (promised.c.state == TurnState.RUNNING))
    return ~calls.c.sent & runs.correlate(calls)
