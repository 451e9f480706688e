"""PgQueuer over psycopg, one driver with the bot; a job whose heart stopped for 10 s is picked again by itself."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import psycopg
from pgqueuer.adapters.persistence.qb import QueryQueueBuilder
from pgqueuer.db import PsycopgDriver
from pgqueuer.models import Job
from pgqueuer.qm import QueueManager
from pgqueuer.queries import Queries

from benchmarks.engines.engine import Done

ENQUEUE = QueryQueueBuilder().build_enqueue_query("skip")


class PgQueuer:
    """`dedupe_key` is the key."""

    async def install(self, url: str) -> None:
        async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
            await Queries(PsycopgDriver(connection)).install()

    async def enqueue(self, connection: psycopg.AsyncConnection[Any], key: str) -> None:
        cursor = psycopg.AsyncRawCursor(connection)
        await cursor.execute(ENQUEUE, ([0], ["work"], [key.encode()], [timedelta(0)], [key], [None]))

    async def work(self, url: str, done: Done) -> None:
        while True:
            try:
                await self._work(url, done)
            except (psycopg.Error, OSError, RuntimeError, ExceptionGroup):
                await asyncio.sleep(1)

    async def _work(self, url: str, done: Done) -> None:
        async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
            manager = QueueManager(Queries(PsycopgDriver(connection)))

            @manager.entrypoint("work")
            async def work(job: Job) -> None:
                assert job.payload is not None
                done(job.payload.decode())

            await manager.run(
                dequeue_timeout=timedelta(seconds=5),
                heartbeat_timeout=timedelta(seconds=10),
                shutdown_on_listener_failure=True,
            )


engine = PgQueuer()
