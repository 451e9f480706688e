"""The figures of the whole bot, whichever process reads them: turns that are open, tripped breakers, last signs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import CompoundSelect, Select, func, literal, select, union_all

from core.domain import Cause, TurnState
from core.storage.db import Database, breakers, conversations, turns

OPEN = {TurnState.QUEUED: "waiting", TurnState.RUNNING: "running", TurnState.HELD: "held"}
"""The states of turns that have not ended, and what they are called."""


@dataclass(frozen=True, slots=True)
class OpenTurns:
    """Turns of one platform in one state."""

    platform: str
    state: str
    """`waiting`, `running` or `held`."""
    number: int
    oldest_at: datetime
    """When the oldest of them was asked."""


@dataclass(frozen=True, slots=True)
class Figures:
    """What the database tells of the whole bot now."""

    open_turns: Sequence[OpenTurns]
    """Those that there are: no entry for none."""
    tripped: Mapping[Cause, int]
    """How many breakers of a cause are tripped."""


@dataclass(frozen=True, slots=True)
class LastSigns:
    """When a platform last brought something, and last took an answer; None: never."""

    heard_at: datetime | None
    answered_at: datetime | None


async def figures(database: Database) -> Figures:
    """Read them in one view. Raises `StorageError`."""
    async with database.read() as connection:
        found = await connection.execute(_open_turns())
        open_turns = [OpenTurns(row.platform, row.state, row.number, row.oldest_at) for row in found]
        causes = await connection.execute(select(breakers.c.cause, func.count()).group_by(breakers.c.cause))
        return Figures(open_turns, {Cause(cause): number for cause, number in causes})


async def last_signs(database: Database) -> Mapping[str, LastSigns]:
    """Read when each platform last gave a sign, whichever process had it. Looks at all turns: once, at the start."""
    answered = select(conversations.c.platform, func.max(turns.c.ended_at)).join_from(turns, conversations)
    answered = answered.where(turns.c.state == TurnState.ANSWERED, ~turns.c.notice)
    heard = select(conversations.c.platform, func.max(conversations.c.active_at))
    async with database.read(many_rows=True) as connection:
        heard_at = dict(map(tuple, await connection.execute(heard.group_by(conversations.c.platform))))
        answered_at = dict(map(tuple, await connection.execute(answered.group_by(conversations.c.platform))))
    return {name: LastSigns(at, answered_at.get(name)) for name, at in heard_at.items()}


async def ask(database: Database) -> None:
    """Ask the database for nothing. Raises `StorageError` where it can't even do that."""
    async with database.read() as connection:
        await connection.execute(select(1))


@cache
def _open_turns() -> CompoundSelect[Any]:
    """One query for each state: each has an index of its own."""
    return union_all(*(_in_state(state, called) for state, called in OPEN.items()))


def _in_state(state: TurnState, called: str) -> Select[Any]:
    columns = (func.count().label("number"), func.min(turns.c.created_at).label("oldest_at"))
    query = select(conversations.c.platform, literal(called).label("state"), *columns)
    query = query.join_from(turns, conversations).where(turns.c.state == state)
    return query.group_by(conversations.c.platform)
