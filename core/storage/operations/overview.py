"""How the bot stands, as far as the database tells: for `aivax-bots status`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select

from core.domain import Breaker, Cause, TurnState
from core.storage.db import Database, alerts, breakers, conversations, turns, usage

DAY = timedelta(days=1)
OPEN = (TurnState.QUEUED, TurnState.RUNNING, TurnState.HELD)


@dataclass(frozen=True, slots=True)
class TrippedBreaker:
    """A breaker that is tripped, and what it holds."""

    breaker: Breaker
    since: datetime
    retry_at: datetime
    holds: int


@dataclass(frozen=True, slots=True)
class Failure:
    """A question that failed."""

    turn: int
    at: datetime
    error: str
    reference: str
    platform: str


@dataclass(frozen=True, slots=True)
class Overview:
    """All of it, read at one moment."""

    waiting: int
    delayed: int
    """Those among `waiting` that are not due yet."""
    running: int
    held: int
    oldest_waiting: datetime | None
    platforms: Mapping[str, datetime]
    """When somebody was last heard on each platform."""
    answered_at: datetime | None
    answered_of_day: int
    failed_of_day: int
    spent_of_day_usd: float | None
    """What the answers of 24 hours cost, as far as AIVAX told; None: nothing was told."""
    breakers: Sequence[TrippedBreaker]
    alerts: Sequence[str]
    """The causes that operators were told of and that go on."""
    failures: Sequence[Failure]
    """The last ones, the newest first."""
    pause_sentence: str | None
    """What people are told of a pause where it is the operator's own, `""`: the catalogue's; None: no pause."""


async def overview(database: Database, now: Callable[[], datetime], failures: int = 5) -> Overview:
    """Read it without holding anything up, beside a running bot too."""
    at = now()
    lately = (turns.c.ended_at > at - DAY) & ~turns.c.notice
    states = select(turns.c.state, func.count(), func.min(turns.c.created_at)).where(turns.c.state.in_(OPEN))
    ended = select(turns.c.state, func.count(), func.max(turns.c.ended_at)).where(lately)
    last = select(func.max(turns.c.ended_at)).where(turns.c.state == TurnState.ANSWERED, ~turns.c.notice)
    heard = select(conversations.c.platform, func.max(conversations.c.active_at))
    delayed = select(func.count()).where(turns.c.state == TurnState.QUEUED, turns.c.due_at > at)
    spent = select(func.sum(usage.c.credits)).where(usage.c.created_at > at - DAY)
    failed = (
        select(turns, conversations.c.platform)
        .join(conversations)
        .where(turns.c.state == TurnState.FAILED)
        .order_by(turns.c.ended_at.desc())
        .limit(failures)
    )
    holds = select(turns.c.held_by, func.count()).where(turns.c.state == TurnState.HELD)
    async with database.read(many_rows=True) as connection:
        of_state = {row[0]: row for row in await connection.execute(states.group_by(turns.c.state))}
        of_day = {row[0]: row[1] for row in await connection.execute(ended.group_by(turns.c.state))}
        held_by: dict[str | None, int] = dict(
            (await connection.execute(holds.group_by(turns.c.held_by))).tuples().all()
        )
        tripped = (await connection.execute(select(breakers).order_by(breakers.c.since))).all()
        oldest = [each[2] for state, each in of_state.items() if state != TurnState.RUNNING]
        own = next((row.sentence or "" for row in tripped if row.cause == Cause.PAUSE), None)
        return Overview(
            waiting=_count(of_state, TurnState.QUEUED),
            delayed=await connection.scalar(delayed) or 0,
            running=_count(of_state, TurnState.RUNNING),
            held=_count(of_state, TurnState.HELD),
            oldest_waiting=min(oldest, default=None),
            platforms=dict(
                (await connection.execute(heard.group_by(conversations.c.platform))).tuples().all()
            ),
            answered_at=await connection.scalar(last),
            answered_of_day=of_day.get(TurnState.ANSWERED, 0),
            failed_of_day=of_day.get(TurnState.FAILED, 0),
            spent_of_day_usd=await connection.scalar(spent),
            breakers=[
                TrippedBreaker(
                    Breaker(Cause(row.cause), row.model), row.since, row.retry_at, held_by.get(row.name, 0)
                )
                for row in tripped
            ],
            alerts=sorted((await connection.execute(select(alerts.c.key))).scalars()),
            failures=[
                Failure(row.id, row.ended_at, row.failure or "", row.reference or "", row.platform)
                for row in await connection.execute(failed)
            ],
            pause_sentence=own,
        )


def _count(of_state: Mapping[str, Sequence[int]], state: TurnState) -> int:
    return of_state[state][1] if state in of_state else 0
