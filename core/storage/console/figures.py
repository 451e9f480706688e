"""The figures of the last day, each from an index, hour by hour in UTC. Days: `core.storage.console.days`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, case, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.domain import TurnState
from core.storage.db import Database, is_open, messages, turns

HOURS = 24
MOST_TIMED = 2_000
"""The newest answers of a day whose length is looked at."""


@dataclass(frozen=True, slots=True)
class Hour:
    """Questions that were asked in one hour, by how they ended."""

    begins: datetime
    answered: int
    failed: int


@dataclass(frozen=True, slots=True)
class Figures:
    """All of it, read at one moment."""

    heard_at: datetime | None
    """When somebody last said something."""
    answered_at: datetime | None
    """When an answer was last whole."""
    waiting: int
    hours: Sequence[Hour]
    """The last `HOURS`, without a gap; the last one goes on."""
    durations_s: Sequence[float]
    """From question to the end of the answer, of the newest answers of a day; the shortest first."""


class FigureReads:
    """`core.console.figures.FigureSource`, read from the rows."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def figures(self, now: datetime) -> Figures:
        this_hour = now.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
        first_hour = this_hour - timedelta(hours=HOURS - 1)
        async with self._database.read(many_rows=True) as connection:
            return Figures(
                heard_at=await connection.scalar(_heard()),
                answered_at=await connection.scalar(_answered()),
                waiting=await connection.scalar(_waiting()) or 0,
                hours=await _hours(connection, first_hour),
                durations_s=await _durations_s(connection, now - timedelta(hours=HOURS)),
            )


def _heard() -> Select[Any]:
    """By the key: the newest rows are the last ones."""
    said = select(messages.c.created_at).where(messages.c.role == "user")
    return said.order_by(messages.c.id.desc()).limit(1)


def _answered() -> Select[Any]:
    ended = select(turns.c.ended_at).where(
        turns.c.emptied_at.is_(None), turns.c.ended_at.is_not(None), turns.c.state == TurnState.ANSWERED
    )
    return ended.where(~turns.c.notice).order_by(turns.c.ended_at.desc()).limit(1)


def _waiting() -> Select[Any]:
    return select(func.count()).select_from(turns).where(is_open())


async def _hours(connection: AsyncConnection, first: datetime) -> list[Hour]:
    name = _hour_of(turns.c.created_at, connection)
    counted = (
        select(name, _how_many(TurnState.ANSWERED), _how_many(TurnState.FAILED))
        .where(turns.c.created_at >= first, ~turns.c.notice)
        .group_by(name)
    )
    rows = {row[0]: (int(row[1]), int(row[2])) for row in await connection.execute(counted)}
    begins = [first + timedelta(hours=each) for each in range(HOURS)]
    return [Hour(at, *rows.get(f"{at:%Y-%m-%d %H}", (0, 0))) for at in begins]


async def _durations_s(connection: AsyncConnection, since: datetime) -> list[float]:
    is_one = (turns.c.created_at > since) & (turns.c.state == TurnState.ANSWERED) & ~turns.c.notice
    newest = select(turns.c.created_at, turns.c.ended_at).where(is_one, turns.c.ended_at.is_not(None))
    query = newest.order_by(turns.c.created_at.desc()).limit(MOST_TIMED)
    return sorted((ended - asked).total_seconds() for asked, ended in await connection.execute(query))


def _how_many(state: TurnState) -> ColumnElement[int]:
    return func.sum(case((turns.c.state == state, 1), else_=0))


def _hour_of(column: Any, connection: AsyncConnection) -> ColumnElement[str]:
    """The hour that a moment lies in, in UTC, as text: `2026-09-01 12`."""
    if connection.dialect.name == "sqlite":  # stored in UTC, as text
        return func.substr(column, 1, 13)
    return func.to_char(func.timezone("UTC", column), "YYYY-MM-DD HH24")
