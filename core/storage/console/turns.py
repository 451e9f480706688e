"""Turns as the console shows them: those that wait, those that failed, and what was said in one."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, select

from core.domain import TurnState
from core.storage.db import (
    Database,
    breakers,
    conversations,
    deliveries,
    identities,
    is_open,
    messages,
    tool_activity,
    turns,
    usage,
)
from core.storage.ops.turn_story import TurnStory, stories, story

MOST = 100
"""Rows of a list. Who has more waiting looks at the first ones, and at how many there are."""


@dataclass(frozen=True, slots=True)
class TurnLine:
    """One turn in a list; nobody's words are in it."""

    id: int
    platform: str
    workspace: str
    channel: str
    private: bool
    state: TurnState
    capability: str
    notice: bool
    reference: str
    failure: str
    attempts: int
    created_at: datetime
    due_at: datetime
    ended_at: datetime | None
    lease_until: datetime | None
    held_by: str
    """The breaker that holds it, or held it last."""
    retry_at: datetime | None
    """When that breaker may be tried next; None: it is not tripped."""


@dataclass(frozen=True, slots=True)
class TrippedBreaker:
    """What holds turns now."""

    name: str
    cause: str
    model: str
    since: datetime
    retry_at: datetime
    held: int
    """How many turns it holds."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """All that has not ended."""

    counts: dict[TurnState, int]
    lines: Sequence[TurnLine]
    """The oldest first, `MOST` of them."""
    breakers: Sequence[TrippedBreaker]


@dataclass(frozen=True, slots=True)
class Said:
    """One message of a turn, in the words of who wrote it."""

    role: str
    name: str
    """The author's, as their platform told it; `""`: the bot's."""
    text: str
    files: Sequence[str]
    is_whole: bool
    at: datetime


class TurnReads:
    """`core.console.turns.Turns`, read from the rows."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def waiting(self) -> Waiting:
        counted = select(turns.c.state, func.count()).where(is_open()).group_by(turns.c.state)
        # SQLite would walk through all turns in the order of their ids, rather than sort the few that are open
        lines = _lines().where(is_open()).order_by(turns.c.id + 0).limit(MOST)
        holds = (
            select(turns.c.held_by, func.count().label("held"))
            .where(turns.c.state == TurnState.HELD)
            .group_by(turns.c.held_by)
            .subquery()
        )
        tripped = (
            select(breakers, func.coalesce(holds.c.held, 0).label("held"))
            .outerjoin(holds, holds.c.held_by == breakers.c.name)
            .order_by(breakers.c.since)
        )
        async with self._database.read(many_rows=True) as connection:
            counts = {TurnState(state): count for state, count in await connection.execute(counted)}
            found = [_line(row) for row in await connection.execute(lines)]
            holding = [_tripped(row) for row in await connection.execute(tripped)]
        return Waiting(counts, found, holding)

    async def failed(self, since: datetime) -> Sequence[TurnLine]:
        """The last `MOST` that failed of those that were asked since then, the newest first."""
        is_one = (turns.c.state == TurnState.FAILED) & (turns.c.created_at > since)
        newest = _lines().where(is_one).order_by(turns.c.created_at.desc()).limit(MOST)
        async with self._database.read(many_rows=True) as connection:
            return [_line(row) for row in await connection.execute(newest)]

    async def find(self, wanted: Sequence[str]) -> Sequence[TurnStory]:
        return await stories(self._database, wanted)

    async def story(self, turn_id: int) -> TurnStory | None:
        return await story(self._database, turn_id)

    async def signs(self, turn_ids: Collection[int]) -> Mapping[int, object]:
        """Values that differ where anything of a turn's story changed, in one query."""
        own = turns.c[
            *("id", "state", "attempt", "tries", "started_at", "first_text_at", "held_by", "held_at"),
            *("due_at", "lease_until", "ended_at", "emptied_at", "cancel_request", "failure"),
        ]
        hanging = [
            select(column).where(table.c.turn_id == turns.c.id).scalar_subquery()
            for table, column in (
                (tool_activity, func.max(tool_activity.c.updated_at)),
                (tool_activity, func.count()),
                (deliveries, func.count()),
                (usage, func.max(usage.c.created_at)),
            )
        ]
        query = select(*own, breakers.c.retry_at, *hanging)
        query = query.outerjoin(breakers, breakers.c.name == turns.c.held_by)
        async with self._database.read() as connection:
            rows = await connection.execute(query.where(turns.c.id.in_(turn_ids)))
            return {row.id: tuple(row) for row in rows}

    async def said(self, turn_id: int) -> Sequence[Said]:
        name = func.coalesce(func.nullif(identities.c.name, ""), identities.c.user, "")
        columns = messages.c["role", "text", "attachments", "whole", "created_at"]
        query = (
            select(*columns, name.label("name"))
            .outerjoin_from(messages, identities, messages.c.identity_id == identities.c.id)
            .where(messages.c.turn_id == turn_id)
            .order_by(messages.c.id)
            .limit(MOST)
        )
        async with self._database.read() as connection:
            return [_said(row) for row in await connection.execute(query)]


def _lines() -> Select[Any]:
    own = turns.c[
        *("id", "state", "capability", "notice", "reference", "failure", "attempt", "created_at", "due_at"),
        *("ended_at", "lease_until", "held_by"),
    ]
    where = conversations.c["platform", "workspace", "channel", "private"]
    query = select(*own, *where, breakers.c.retry_at)
    return query.join_from(turns, conversations).outerjoin(breakers, breakers.c.name == turns.c.held_by)


def _line(row: Any) -> TurnLine:
    return TurnLine(
        id=row.id,
        platform=row.platform,
        workspace=row.workspace,
        channel=row.channel,
        private=row.private,
        state=TurnState(row.state),
        capability=row.capability or "",
        notice=row.notice,
        reference=row.reference or "",
        failure=row.failure or "",
        attempts=row.attempt,
        created_at=row.created_at,
        due_at=row.due_at,
        ended_at=row.ended_at,
        lease_until=row.lease_until,
        held_by=row.held_by or "",
        retry_at=row.retry_at,
    )


def _tripped(row: Any) -> TrippedBreaker:
    return TrippedBreaker(row.name, row.cause, row.model, row.since, row.retry_at, row.held)


def _said(row: Any) -> Said:
    files = [str(each.get("name", "")) for each in row.attachments or () if isinstance(each, dict)]
    return Said(row.role, row.name, row.text, files, row.whole, row.created_at)
