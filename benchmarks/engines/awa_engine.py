"""awa: its Rust runtime polls every 0.2 s and is notified; rescues what a lost worker left after 10 s."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

import awa
import psycopg
from awa.bridge import insert_job

from benchmarks.engines.engine import QUEUE, Done


@dataclass
class Work:
    """The job."""

    key: str


class Awa:
    """Its helper for foreign connections takes no unique key, so that several jobs may wait for one conversation."""

    async def install(self, url: str) -> None:
        async with awa.AsyncClient(url) as client:
            await client.migrate()

    async def enqueue(self, connection: psycopg.AsyncConnection[Any], key: str) -> None:
        await insert_job(connection, Work(key), queue=QUEUE)

    async def work(self, url: str, done: Done) -> None:
        async with awa.AsyncClient(url, max_connections=5) as client:

            @client.task(Work, queue=QUEUE)
            async def work(job: Any) -> None:
                done(job.args.key)

            await client.start([(QUEUE, 20)], heartbeat_interval_ms=2000, heartbeat_staleness_ms=10_000)
            await asyncio.Event().wait()


engine = Awa()
