"""Looking at what is stored, for those who check rather than run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from core.domain import TurnState
from core.storage.db import Database, breakers, conversations, turns


async def turn_states(database: Database, platform: str) -> Sequence[str]:
    """The state of every turn of a platform, in the order of arrival."""
    rows = select(turns.c.state).join(conversations).where(conversations.c.platform == platform)
    async with database.read() as connection:
        return list((await connection.execute(rows.order_by(turns.c.id))).scalars())


async def tripped_breakers(database: Database) -> Sequence[str]:
    """The names of the breakers that are tripped."""
    async with database.read() as connection:
        return list((await connection.execute(select(breakers.c.name).order_by(breakers.c.name))).scalars())


@dataclass(frozen=True, slots=True)
class Liveliness:
    """When something last went in, and something last came out."""

    heard_at: datetime | None
    """When somebody last said something to the bot; None: nobody ever did."""
    answered_at: datetime | None
    """When an answer was last whole on its platform; None: none ever was."""
    waiting: int
    """How many turns wait or run."""


async def liveliness(database: Database) -> Liveliness:
    """Read it without holding anything up: beside a running bot, too."""
    answered = select(func.max(turns.c.ended_at)).where(turns.c.state == TurnState.ANSWERED, ~turns.c.notice)
    is_open = turns.c.state.in_((TurnState.QUEUED, TurnState.RUNNING, TurnState.HELD))
    async with database.read(many_rows=True) as connection:
        heard_at = await connection.scalar(select(func.max(conversations.c.active_at)))
        answered_at = await connection.scalar(answered)
        waiting = await connection.scalar(select(func.count()).select_from(turns).where(is_open))
    return Liveliness(heard_at, answered_at, waiting or 0)
