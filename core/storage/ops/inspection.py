"""Looking at what is stored, for those who check rather than run."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select

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
