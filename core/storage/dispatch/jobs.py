"""Telling that a conversation has work, inside the transaction that made it so.

By `NOTIFY` to every process (`core.storage.db.listen_notify`), or, with `[storage] dispatch = "procrastinate"`, by a
job that one worker takes. A job says no more than "conversation X has work": the rows decide, so that one that is lost,
comes twice or late costs time and never a turn. At most one waits for each conversation (its `queueing_lock`).
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from hashlib import sha256

from sqlalchemy import Row, func, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from core.storage.db import CHANNEL, Database, outlast
from core.util.clock import Now

TAKE = "aivax_bots.take"
"""The task of a job that brings a conversation to a worker."""
QUEUE_BYTES = 40
"""The server takes names of channels of 63 bytes, and Procrastinate puts 23 before the name of a queue."""
MOST_OFFERED = 500
"""So many conversations are offered at once; the next sweep offers the rest ..."""
OFFER_FOR_S = 1.0
"""... and what took longer than this: the next sweep begins soon, perhaps in another process."""

_JOB = """
INSERT INTO procrastinate_jobs (queue_name, task_name, queueing_lock, args)
VALUES (:queue, :task, :lock, jsonb_build_object('conversation_id', CAST(:conversation AS bigint)))
ON CONFLICT (queueing_lock) WHERE status = 'todo' DO NOTHING
"""
# the one who writes an answer there has to hear of a stop at once; nobody else does anything on this notice
_NOTICE = """
SELECT pg_notify(:channel, :payload)
WHERE EXISTS (SELECT FROM turns WHERE conversation_id = :conversation AND state = 'running')
"""
_TELLING_WRITER = text(_NOTICE)
_TELLING = text(f"WITH job AS ({_JOB}) {_NOTICE}")
_ADDING = text(_JOB)
TAKING = """
WITH ended AS (
    DELETE FROM procrastinate_jobs WHERE id = ANY(%(ended)s::bigint[]) AND worker_id = %(worker_id)s
), next AS MATERIALIZED (
    SELECT id FROM procrastinate_jobs
    WHERE status = 'todo' AND queue_name = ANY(%(queues)s::varchar[])
    AND (scheduled_at IS NULL OR scheduled_at <= now())
    ORDER BY priority DESC, id LIMIT %(most)s FOR UPDATE SKIP LOCKED
)
UPDATE procrastinate_jobs AS job SET status = 'doing', worker_id = %(worker_id)s
FROM next WHERE job.id = next.id
RETURNING job.id, job.status, job.task_name, job.priority, job.lock, job.queueing_lock, job.args, job.scheduled_at,
    job.queue_name, job.attempts, job.worker_id
"""
"""In psycopg's form: `most` jobs of these queues for a worker, whose `ended` ones go. Ours have no `lock`."""
_UNTOLD = text("""
SELECT id, platform FROM conversations AS each
WHERE id = ANY(:ids) AND NOT EXISTS (
    SELECT FROM procrastinate_jobs WHERE status = 'todo' AND queueing_lock = 'conversation:' || each.id)
AND NOT EXISTS (
    SELECT FROM procrastinate_jobs AS job JOIN procrastinate_workers AS worker ON worker.id = job.worker_id
    WHERE job.status = 'doing' AND job.queueing_lock = 'conversation:' || each.id
    AND worker.last_heartbeat > now() - make_interval(secs => :alive_s))
ORDER BY array_position(CAST(:ids AS bigint[]), id::bigint)
""")
_PLATFORM = text("SELECT platform FROM conversations WHERE id = :id")


async def announce(
    connection: AsyncConnection, conversation_id: int, platform: str, *, is_kept: bool = False
) -> None:
    """Tell other processes, on commit, that the conversation has work; on SQLite there are none.

    `is_kept`: this one looks at it, and with jobs none waits for others.
    """
    if connection.dialect.name != "postgresql":
        return
    payload = f"{platform}:{conversation_id}"
    if not connection.engine.get_execution_options().get("jobs"):
        await connection.execute(select(func.pg_notify(CHANNEL, payload)))
        return
    told = {"channel": CHANNEL, "payload": payload, "conversation": conversation_id}
    if is_kept:
        await connection.execute(_TELLING_WRITER, told)
    else:
        await connection.execute(_TELLING, {**_job(conversation_id, platform), **told})


class Jobs:
    """`core.turns.worker_pool.Carrier`: has a job wait for each conversation with work."""

    def __init__(self, database: Database, *, alive_s: float = 15.0, now: Now = time.monotonic) -> None:
        """`alive_s`: a job is in good hands with a worker that was heard of so lately, and not offered to others."""
        self._database = database
        self._alive_s = alive_s
        self._now = now

    async def offer(self, conversations: Sequence[int]) -> None:
        """Add the jobs that are missing, each in a transaction of its own: so two who do it can't wait in a circle."""
        began = self._now()
        for row in await self._untold(conversations[:MOST_OFFERED]):
            await outlast(lambda: self._add(row.id, row.platform))  # noqa: B023  awaited before the next row
            if self._now() - began > OFFER_FOR_S:
                return

    async def hand_on(self, conversation_id: int) -> None:
        """Add a job for others, though one is at work here, unless it waits already."""
        async with self._database.read() as connection:
            platform = await connection.scalar(_PLATFORM, {"id": conversation_id})
        if platform is not None:
            await outlast(lambda: self._add(conversation_id, platform))

    async def _untold(self, conversations: Sequence[int]) -> Sequence[Row[tuple[int, str]]]:
        if not conversations:
            return []
        asked = {"ids": list(conversations), "alive_s": self._alive_s}
        async with self._database.read() as connection:
            return (await connection.execute(_UNTOLD, asked)).all()

    async def _add(self, conversation_id: int, platform: str) -> None:
        async with self._database.each_by_itself() as connection:
            await connection.execute(_ADDING, _job(conversation_id, platform))


def queue_of(*platforms: str) -> str:
    """The queue of work for whoever answers on all of these platforms."""
    name = "+".join(sorted(platforms))
    return name if len(name.encode()) <= QUEUE_BYTES else sha256(name.encode()).hexdigest()[:QUEUE_BYTES]


def _job(conversation_id: int, platform: str) -> dict[str, object]:
    lock = f"conversation:{conversation_id}"
    return {"queue": queue_of(platform), "task": TAKE, "lock": lock, "conversation": conversation_id}
