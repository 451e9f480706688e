"""The figures of the overview, each from an index: a day hour by hour, a month day by day. Times are UTC."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, case, func, literal_column, select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.domain import TurnState
from core.storage.db import Database, is_open, messages, turns, usage
from core.storage.spending import Price, usd_of

HOURS, DAYS = 24, 30
FAILED_DAYS = 7
MOST_CAUSES = 8
MOST_TIMED = 2_000
"""The newest answers of a day whose length is looked at."""


@dataclass(frozen=True, slots=True)
class Hour:
    """Questions that were asked in one hour, by how they ended."""

    begins: datetime
    answered: int
    failed: int


@dataclass(frozen=True, slots=True)
class Day:
    """What the answers of one day came to."""

    day: date
    answers: int
    tokens: int
    usd: float


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
    days: Sequence[Day]
    """The last `DAYS`, without a gap; the last one goes on."""
    causes: Sequence[tuple[str, int]]
    """The errors of `FAILED_DAYS`, the most frequent first."""
    durations_s: Sequence[float]
    """From question to the end of the answer, of the newest answers of a day; the shortest first."""


class FigureReads:
    """`core.console.figures.FigureSource`, read from the rows."""

    def __init__(self, database: Database, price: Price) -> None:
        self._database = database
        self._price = price

    async def figures(self, now: datetime) -> Figures:
        this_hour = now.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
        first_hour = this_hour - timedelta(hours=HOURS - 1)
        first_day = this_hour.replace(hour=0) - timedelta(days=DAYS - 1)
        week_ago = now - timedelta(days=FAILED_DAYS)
        async with self._database.read(many_rows=True) as connection:
            return Figures(
                heard_at=await connection.scalar(_heard()),
                answered_at=await connection.scalar(_answered()),
                waiting=await connection.scalar(_waiting()) or 0,
                hours=await _hours(connection, first_hour),
                days=await _days(connection, first_day, self._price),
                causes=[(row[0] or "", row[1]) for row in await connection.execute(_causes(week_ago))],
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
    name = _begin_of(turns.c.created_at, "hour", connection)
    counted = (
        select(name, _how_many(TurnState.ANSWERED), _how_many(TurnState.FAILED))
        .where(turns.c.created_at >= first, ~turns.c.notice)
        .group_by(name)
    )
    rows = {row[0]: (int(row[1]), int(row[2])) for row in await connection.execute(counted)}
    begins = [first + timedelta(hours=each) for each in range(HOURS)]
    return [Hour(at, *rows.get(f"{at:%Y-%m-%d %H}", (0, 0))) for at in begins]


async def _days(connection: AsyncConnection, first: datetime, price: Price) -> list[Day]:
    name = _begin_of(usage.c.created_at, "day", connection)
    tokens = func.sum(usage.c.prompt_tokens + usage.c.completion_tokens)
    summed = select(name, func.count(), tokens, func.coalesce(func.sum(usd_of(price)), 0.0))
    query = summed.where(usage.c.created_at >= first).group_by(name)
    rows: Mapping[str, tuple[int, int, float]] = {
        row[0]: (int(row[1]), int(row[2]), float(row[3])) for row in await connection.execute(query)
    }
    days = [(first + timedelta(days=each)).date() for each in range(DAYS)]
    return [Day(day, *rows.get(day.isoformat(), (0, 0, 0.0))) for day in days]


def _causes(since: datetime) -> Select[Any]:
    query = select(turns.c.failure, func.count().label("count"))
    query = query.where(turns.c.created_at > since, turns.c.state == TurnState.FAILED)
    return query.group_by(turns.c.failure).order_by(literal_column("count").desc()).limit(MOST_CAUSES)


async def _durations_s(connection: AsyncConnection, since: datetime) -> list[float]:
    is_one = (turns.c.created_at > since) & (turns.c.state == TurnState.ANSWERED) & ~turns.c.notice
    newest = select(turns.c.created_at, turns.c.ended_at).where(is_one, turns.c.ended_at.is_not(None))
    query = newest.order_by(turns.c.created_at.desc()).limit(MOST_TIMED)
    return sorted((ended - asked).total_seconds() for asked, ended in await connection.execute(query))


def _how_many(state: TurnState) -> ColumnElement[int]:
    return func.sum(case((turns.c.state == state, 1), else_=0))


def _begin_of(column: Any, span: str, connection: AsyncConnection) -> ColumnElement[str]:
    """The hour or the day that a moment lies in, in UTC, as text: `2026-09-01 12`, `2026-09-01`."""
    if connection.dialect.name == "sqlite":  # stored in UTC, as text
        return func.substr(column, 1, 13 if span == "hour" else 10)
    form = "YYYY-MM-DD HH24" if span == "hour" else "YYYY-MM-DD"
    return func.to_char(func.timezone("UTC", column), form)
