"""DBOS: a workflow for each job, polled for every 0.1 s (its queues don't listen; 1 s is its default)."""

from __future__ import annotations

import asyncio
import os
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
from dbos import DBOS, DBOSConfig

from benchmarks.engines.engine import QUEUE, Done

POLL_S = 0.1
ENQUEUE = (
    "SELECT dbos.enqueue_workflow(workflow_name => 'work', queue_name => %s,"
    " positional_args => ARRAY[to_json(%s::text)], deduplication_id => %s)"
)


class Dbos:
    """`deduplication_id` is the key; a second one that waits is an error there, which the bench never makes."""

    def _config(self, url: str) -> DBOSConfig:
        return DBOSConfig(
            name="bench",
            system_database_url=url,
            executor_id=f"worker-{os.getpid()}",
            application_version="1",
            log_level="ERROR",
        )

    async def install(self, url: str) -> None:
        DBOS(config=self._config(url))
        await asyncio.to_thread(DBOS.launch)
        await DBOS.register_queue_async(QUEUE, worker_concurrency=20, polling_interval_sec=POLL_S)
        DBOS.destroy()
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor())  # it took the loop's along

    async def enqueue(self, connection: psycopg.AsyncConnection[Any], key: str) -> None:
        await connection.execute(ENQUEUE, (QUEUE, key, key))

    async def work(self, url: str, done: Done) -> None:
        DBOS(config=self._config(url))

        @DBOS.workflow(name="work")
        async def work(key: str) -> None:
            done(key)

        await asyncio.to_thread(DBOS.launch)
        await asyncio.Event().wait()


engine = Dbos()
