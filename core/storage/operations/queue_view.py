"""How work stands between processes, as the database tells: for `aivax-bots queue`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, exists, func, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from core.domain import TurnState
from core.storage.db import Database, cluster_parts, turns
from core.storage.dispatch.schema import JOBS

WORKERS = "procrastinate_workers"
SHOWN_AFTER = timedelta(minutes=10)
"""How long connections are shown that nobody renews: in a group of shards that is not any more, nobody takes them."""
_HAS_JOBS = text("SELECT to_regclass(:jobs) IS NOT NULL AND to_regclass(:workers) IS NOT NULL")
"""Releases of Procrastinate before 3 had no table of workers; such tables are not ours."""
_ORPHANS = text(f"SELECT count(*) FROM {JOBS} WHERE status = 'doing' AND worker_id IS NULL")  # noqa: S608  a constant
_JOBS = text(f"SELECT status::text, count(*) FROM {JOBS} GROUP BY status ORDER BY status")  # noqa: S608  a constant
_WORKERS = text(f"""
SELECT each.id, each.last_heartbeat, extract(epoch FROM now() - each.last_heartbeat), count(job.id)
FROM {WORKERS} AS each LEFT JOIN {JOBS} AS job ON job.worker_id = each.id
GROUP BY each.id ORDER BY each.id
""")  # noqa: S608  a constant


@dataclass(frozen=True, slots=True)
class Owner:
    """A process that writes answers."""

    name: str
    running: int
    lease_until: datetime | None
    """When the first of them may be taken over; renewed while the process lives. None on SQLite: no other is there."""


@dataclass(frozen=True, slots=True)
class Listening:
    """A process that has some of a platform's connections, which several processes share."""

    platform: str
    parts: Sequence[int]
    """Which of them: shards, or sockets by a number of our own."""
    size: int
    """Of how many."""
    name: str
    lease_until: datetime
    """When others take them, unless it is renewed."""


@dataclass(frozen=True, slots=True)
class JobTaker:
    """A process that takes jobs, as its engine knows it."""

    id: int
    last_heartbeat: datetime
    silent_s: float
    jobs: int


@dataclass(frozen=True, slots=True)
class QueueView:
    """All of it, read at one moment."""

    at: datetime
    due: int
    later: int
    running: int
    held: int
    lag_s: float
    """How long the oldest question waits that could be answered now: it is due, and its conversation is free."""
    owners: Sequence[Owner]
    jobs: Mapping[str, int] | None
    """Jobs by state; None: there are no tables of jobs."""
    orphans: int
    """Jobs at work with a worker that was taken off the list; others take them up."""
    takers: Sequence[JobTaker]
    listening: Sequence[Listening]
    """Empty where nothing is shared."""


async def queue_view(database: Database, now: Callable[[], datetime]) -> QueueView:
    """Read it without holding anything up, beside a running bot too."""
    at = now()
    queued = turns.c.state == TurnState.QUEUED
    oldest = select(func.min(turns.c.due_at)).where(queued, turns.c.due_at <= at, ~_is_busy())
    async with database.read() as connection:
        since, has_jobs = await connection.scalar(oldest), await _has_jobs(connection)
        return QueueView(
            at=at,
            due=await _count(connection, queued & (turns.c.due_at <= at)),
            later=await _count(connection, queued & (turns.c.due_at > at)),
            running=await _count(connection, turns.c.state == TurnState.RUNNING),
            held=await _count(connection, turns.c.state == TurnState.HELD),
            lag_s=(at - since).total_seconds() if since else 0.0,
            owners=await _owners(connection, has_leases=not database.is_sqlite),
            jobs={row[0]: row[1] for row in await connection.execute(_JOBS)} if has_jobs else None,
            orphans=(await connection.scalar(_ORPHANS) or 0) if has_jobs else 0,
            takers=[
                JobTaker(row[0], row[1], float(row[2]), row[3]) for row in await connection.execute(_WORKERS)
            ]
            if has_jobs
            else [],
            listening=await _listening(connection, at),
        )


async def _count(connection: AsyncConnection, which: ColumnElement[bool]) -> int:
    return await connection.scalar(select(func.count()).select_from(turns).where(which)) or 0


async def _owners(connection: AsyncConnection, *, has_leases: bool) -> Sequence[Owner]:
    lease = func.min(turns.c.lease_until)
    rows = select(turns.c.owner, func.count(), lease).where(turns.c.state == TurnState.RUNNING)
    found = await connection.execute(rows.group_by(turns.c.owner).order_by(turns.c.owner))
    return [Owner(name or "", running, until if has_leases else None) for name, running, until in found]


async def _listening(connection: AsyncConnection, at: datetime) -> Sequence[Listening]:
    parts = cluster_parts.c
    late = select(cluster_parts).where(parts.held_until > at - SHOWN_AFTER)
    found: dict[tuple[str, int, str], list[tuple[int, datetime]]] = {}
    for row in await connection.execute(late.order_by(parts.name, parts.size, parts.owner, parts.part)):
        found.setdefault((row.name, row.size, row.owner), []).append((row.part, row.held_until))
    return [
        Listening(platform, [part for part, _ in theirs], size, owner, min(until for _, until in theirs))
        for (platform, size, owner), theirs in found.items()
    ]


async def _has_jobs(connection: AsyncConnection) -> bool:
    if connection.dialect.name != "postgresql":
        return False
    return bool(await connection.scalar(_HAS_JOBS, {"jobs": JOBS, "workers": WORKERS}))


def _is_busy() -> ColumnElement[bool]:
    other = turns.alias("other")
    return exists().where(
        and_(other.c.conversation_id == turns.c.conversation_id, other.c.state == TurnState.RUNNING)
    )
