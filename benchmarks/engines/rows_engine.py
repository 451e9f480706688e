"""The baseline: rows and NOTIFY to every worker, the way the bot does it by itself (decision 0007), and no more."""

from __future__ import annotations

import asyncio
from typing import Any

import psycopg

from benchmarks.engines.engine import Done

SWEEP_S = 2.0
TAKE = "UPDATE work SET state = 'done' WHERE key = %s AND state = 'waits' RETURNING key"


class Rows:
    """A row for each key; who hears of it tries to take it."""

    async def install(self, url: str) -> None:
        async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
            await connection.execute("CREATE TABLE work (key text PRIMARY KEY, state text NOT NULL)")
            await connection.execute("CREATE INDEX ON work (key) WHERE state = 'waits'")

    async def enqueue(self, connection: psycopg.AsyncConnection[Any], key: str) -> None:
        await connection.execute("INSERT INTO work VALUES (%s, 'waits')", (key,))
        await connection.execute("SELECT pg_notify('work', %s)", (key,))

    async def work(self, url: str, done: Done) -> None:
        while True:
            try:
                await self._work(url, done)
            except (psycopg.Error, OSError):
                await asyncio.sleep(1)

    async def _work(self, url: str, done: Done) -> None:
        async with (
            await psycopg.AsyncConnection.connect(url, autocommit=True) as listening,
            await psycopg.AsyncConnection.connect(url, autocommit=True) as taking,
        ):
            await listening.execute("LISTEN work")
            while True:
                for key in [row[0] for row in await _waiting(taking)]:
                    await self._take(taking, key, done)
                async for notice in listening.notifies(timeout=SWEEP_S):
                    await self._take(taking, notice.payload, done)

    async def _take(self, connection: psycopg.AsyncConnection[Any], key: str, done: Done) -> None:
        if await (await connection.execute(TAKE, (key,))).fetchone():
            done(key)


async def _waiting(connection: psycopg.AsyncConnection[Any]) -> list[Any]:
    return await (await connection.execute("SELECT key FROM work WHERE state = 'waits'")).fetchall()


engine = Rows()
