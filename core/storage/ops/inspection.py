"""Looking at what is stored, for those who check rather than run."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import func, select

from core.domain import DatabaseFailed, DatabaseUnreachable, TurnState
from core.storage.db import Database, breakers, conversations, turns
from core.storage.db.error_mapping import OF_SQLITE


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

    heard_at: Mapping[str, datetime]
    """When somebody last said something to the bot, by platform."""
    answered_at: Mapping[str, datetime]
    """When an answer was last whole on its platform."""
    waiting: int
    """How many turns wait or run."""


async def liveliness(database: Database) -> Liveliness:
    """Read it without holding anything up: beside a running bot, too."""
    platform = conversations.c.platform
    heard = select(platform, func.max(conversations.c.active_at)).group_by(platform)
    answered = (
        select(platform, func.max(turns.c.ended_at)).select_from(turns.join(conversations)).group_by(platform)
    )
    answered = answered.where(turns.c.state == TurnState.ANSWERED, ~turns.c.notice)
    is_open = turns.c.state.in_((TurnState.QUEUED, TurnState.RUNNING, TurnState.HELD))
    async with database.read(many_rows=True) as connection:
        heard_at = {row[0]: row[1] for row in await connection.execute(heard)}
        answered_at = {row[0]: row[1] for row in await connection.execute(answered)}
        waiting = await connection.scalar(select(func.count()).select_from(turns).where(is_open))
    return Liveliness(heard_at, answered_at, waiting or 0)


WRITE_WAIT_S = 3.0
"""How long another one's transaction is waited for: those of a running bot take milliseconds."""


def write_refusal(path: Path) -> DatabaseFailed | None:
    """Why nothing can be written into a SQLite file now; None where it can. It is begun, and taken back. Blocks."""
    address = f"file:{quote(str(path.absolute()))}?mode=rw"
    try:
        with closing(sqlite3.connect(address, uri=True, timeout=WRITE_WAIT_S, isolation_level=None)) as probe:
            probe.execute("BEGIN IMMEDIATE")
            probe.execute("ROLLBACK")
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
        cause = OF_SQLITE.get(code, DatabaseUnreachable)
        return cause(str(path), str(error))
    return None


async def same_database(one: Database, other: Database) -> bool:
    """Whether two addresses of PostgreSQL lead to the same database of the same running server, not to a copy."""
    asked = select(func.current_database(), func.pg_postmaster_start_time())
    async with one.read() as first, other.read() as second:
        return (await first.execute(asked)).one() == (await second.execute(asked)).one()
