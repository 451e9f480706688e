"""Procrastinate: a job is deleted once it is done; what a lost worker left is taken up every 5 s."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

import procrastinate
import psycopg
from procrastinate import exceptions

from benchmarks.engines.engine import QUEUE, Done

STALLED_S = 10
ENQUEUE = (
    "INSERT INTO procrastinate_jobs (queue_name, task_name, queueing_lock, args)"
    " VALUES (%s, 'work', %s, jsonb_build_object('key', %s::text))"
    " ON CONFLICT (queueing_lock) WHERE status = 'todo' DO NOTHING"
)


class Procrastinate:
    """`queueing_lock` is the key."""

    def _app(self, url: str) -> procrastinate.App:
        return procrastinate.App(connector=procrastinate.PsycopgConnector(conninfo=url, max_size=5))

    async def install(self, url: str) -> None:
        async with self._app(url).open_async() as app:
            await app.schema_manager.apply_schema_async()

    async def enqueue(self, connection: psycopg.AsyncConnection[Any], key: str) -> None:
        await connection.execute(ENQUEUE, (QUEUE, key, key))

    async def work(self, url: str, done: Done) -> None:
        while True:
            with contextlib.suppress(exceptions.ConnectorException, OSError):
                await self._work(url, done)
            await asyncio.sleep(1)

    async def _work(self, url: str, done: Done) -> None:
        app = self._app(url)

        @app.task(name="work", queue=QUEUE)
        async def work(key: str) -> None:
            done(key)

        @app.periodic(cron="* * * * * */5")
        @app.task(name="retry_stalled", queue=QUEUE, queueing_lock="retry_stalled")
        async def retry_stalled(timestamp: int) -> None:  # noqa: ARG001  given to periodic tasks
            manager = app.job_manager
            for job in await manager.get_stalled_jobs(seconds_since_heartbeat=STALLED_S):
                try:
                    await manager.retry_job(job)
                except exceptions.UniqueViolation:  # another one waits for the key already
                    await manager.finish_job(job, procrastinate.jobs.Status.FAILED, delete_job=True)

        async with app.open_async():
            await app.run_worker_async(
                queues=[QUEUE],
                concurrency=20,
                delete_jobs="always",
                install_signal_handlers=False,
                update_heartbeat_interval=2,
                stalled_worker_timeout=STALLED_S,
            )


engine = Procrastinate()
