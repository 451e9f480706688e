"""Procrastinate's worker in a process of ours: it takes jobs, and hands what they tell of to the worker pool.

With `job_batches` all that knows the library. A job is done as soon as the pool looked at its conversation, not when
the question is answered: the turn's row says from then on whose it is, and its lease when it may be taken over.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from typing import Any, Protocol

import procrastinate
import psycopg
from procrastinate.exceptions import ProcrastinateException, UniqueViolation
from procrastinate.jobs import DeleteJobCondition, Status
from psycopg_pool import AsyncConnectionPool

from core.domain import StorageError
from core.storage.db import Database
from core.storage.db.listen_notify import conninfo
from core.storage.dispatch.jobs import TAKE, Jobs, queue_of
from core.turns.dispatch.job_batches import AT_ONCE, JobBatches
from core.util.log import log

SWEEP = "aivax_bots.sweep"
"""The task that reads the rows for work that no job tells of: delayed turns that are due, and what a crash left."""
CONNECTIONS = 3
MOST_AT_ONCE = 500
"""Jobs that one process has at work or is ending; how many are at work is `JobBatches`' to say."""
HAND_OVER_S = 2.0
POLL_S = 2.0
"""How often a process asks for jobs that no notice told of."""
HEARTBEAT_AFTER = 0.25
"""The part of the time after which a silent process is lost, in which it shows that it lives."""
RECONNECT_DELAY_S = 1.0


class Pool(Protocol):
    """What becomes of a job; see `core.turns.worker_pool.WorkerPool`."""

    @property
    def freed(self) -> asyncio.Event: ...

    def room(self, platform: str) -> int: ...

    async def take(self, conversation_id: int, within_s: float) -> bool: ...

    async def sweep(self) -> None: ...


class JobWorker:
    """Takes jobs for the platforms of this process. One of all such processes sweeps, every `sweep_interval_s`."""

    def __init__(
        self,
        database: Database,
        platforms: Collection[str],
        pool: Pool,
        *,
        stalled_after_s: float,
        sweep_interval_s: int = 2,
    ) -> None:
        """What a process held whose heart did not beat for `stalled_after_s` is taken up by others."""
        self._database = database
        self._jobs = Jobs(database)
        self._platforms = platforms
        self._platform_of = {queue_of(each): each for each in platforms}
        self._pool = pool
        self._look_every_s = POLL_S
        self._stalled_after_s = stalled_after_s
        self._sweep_interval_s = sweep_interval_s

    async def run(self) -> None:
        """Take jobs until cancelled. What the engine can't get over, as a server's restart, begins it anew."""
        while True:
            try:
                await self._work()
                log.warning("dispatch.lost", cause="the engine's worker ended")
            except (ProcrastinateException, psycopg.Error, OSError) as error:
                # cancelled while it ends by an error, the library raises that error and the cancellation is gone
                if (task := asyncio.current_task()) is not None and task.cancelling():
                    raise asyncio.CancelledError from error
                log.warning("dispatch.lost", cause=type(error).__name__)
            await asyncio.sleep(RECONNECT_DELAY_S)

    async def _work(self) -> None:
        server = self._database.server
        assert server is not None  # noqa: S101  a SQLite file has no jobs
        listens = server.listening_url is not None
        self._look_every_s = POLL_S if listens else server.poll_interval_s
        app = self._app(conninfo(server.listening_url or server.url))
        async with app.open_async():
            await app.run_worker_async(
                queues=[*map(queue_of, self._platforms), self._upkeep],
                concurrency=MOST_AT_ONCE,
                fetch_job_polling_interval=self._look_every_s,
                listen_notify=listens,
                delete_jobs=DeleteJobCondition.ALWAYS,
                update_heartbeat_interval=self._stalled_after_s * HEARTBEAT_AFTER,
                stalled_worker_timeout=self._stalled_after_s,
                install_signal_handlers=False,
            )

    @property
    def _upkeep(self) -> str:
        """The queue of sweeps: one sees the platforms of its process alone, so each set of them has its own."""
        return queue_of("sweep", *self._platforms)

    def _app(self, address: str) -> procrastinate.App:
        connector = procrastinate.PsycopgConnector(
            conninfo=address,
            min_size=1,
            max_size=CONNECTIONS,
            pool_factory=_unchecked,
            kwargs={"prepare_threshold": None},  # a pooler between could not keep them
            configure=_commit_each_statement,
        )
        app = procrastinate.App(connector=connector)
        app.job_manager = JobBatches(
            connector, room=self._room, news=self._pool.freed, look_every_s=self._look_every_s
        )

        async def take(conversation_id: int) -> None:
            await self._take(conversation_id)

        async def sweep(timestamp: int) -> None:  # noqa: ARG001  given to periodic tasks
            await self._sweep(app)

        app.task(name=TAKE)(take)
        task = app.task(name=SWEEP, queue=self._upkeep, queueing_lock=self._upkeep)(sweep)
        app.periodic(cron=f"* * * * * */{self._sweep_interval_s}", periodic_id=self._upkeep)(task)
        return app

    def _room(self, queue: str) -> int:
        platform = self._platform_of.get(queue)
        return AT_ONCE if platform is None else self._pool.room(platform)

    async def _take(self, conversation_id: int) -> None:
        try:
            if not await self._pool.take(conversation_id, HAND_OVER_S):
                await self._jobs.hand_on(conversation_id)
        except StorageError as error:  # a sweep finds what is left to do
            log.warning("dispatch.put_back_failed", conversation=conversation_id, cause=str(error))

    async def _sweep(self, app: procrastinate.App) -> None:
        try:
            await self._retry_stalled(app)
            await self._pool.sweep()
        except (ProcrastinateException, StorageError) as error:
            log.warning("dispatch.sweep_failed", cause=str(error))
        except Exception:
            log.exception("dispatch.sweep_failed")

    async def _retry_stalled(self, app: procrastinate.App) -> None:
        manager = app.job_manager
        await manager.prune_stalled_workers(self._stalled_after_s)
        for job in await manager.get_stalled_jobs(seconds_since_heartbeat=self._stalled_after_s):
            log.warning("dispatch.stalled", job=job.id, task=job.task_name)
            try:
                # at once, by the database's time: left to the library, by this machine's, which may be hours ahead
                await manager.retry_job(job, retry_at=self._database.now())
            except UniqueViolation:  # another one waits for the conversation already
                await manager.finish_job(job, Status.FAILED, delete_job=True)


def _unchecked(**arguments: Any) -> AsyncConnectionPool:
    """A pool that asks no connection before each use whether it stands: it costs as much as what is asked then.

    One that broke ends the engine, which begins anew with others.
    """
    return AsyncConnectionPool(**{**arguments, "check": None})


async def _commit_each_statement(connection: psycopg.AsyncConnection[Any]) -> None:
    """Spare the engine's single statements a BEGIN and a COMMIT each."""
    await connection.set_autocommit(True)
