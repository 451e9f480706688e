"""What is measured of each engine, each time in a fresh database and with workers that are awake."""

from __future__ import annotations

import asyncio
import random
import statistics
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import psycopg

from benchmarks.engines.crew import Crew
from benchmarks.engines.engine import Engine, engine_of
from benchmarks.engines.server import Server

PATIENCE_S = 60.0
STRIKES_S = 20.0
STATEMENTS = (
    "SELECT coalesce(sum(calls), 0) FROM pg_stat_statements"
    " WHERE dbid = (SELECT oid FROM pg_database WHERE datname = current_database())"
)
DEAD = "SELECT coalesce(sum(n_dead_tup), 0), coalesce(sum(n_live_tup), 0) FROM pg_stat_user_tables"

Figures = dict[str, str]


@dataclass(slots=True)
class Field:
    """An engine on its database, and its workers."""

    server: Server
    engine: Engine
    crew: Crew
    url: str
    connection: psycopg.AsyncConnection[Any]
    sent: dict[str, float]
    sent_before: int = 0

    async def send(self, *, many: int = 1) -> None:
        """Enqueue in a transaction of ours, each key once; when it was committed."""
        keys = [f"k{self.sent_before + len(self.sent) + each}" for each in range(many)]
        async with self.connection.transaction():
            for key in keys:
                await self.engine.enqueue(self.connection, key)
        self.sent |= dict.fromkeys(keys, time.time())

    async def send_at(self, rate: float, seconds: float) -> None:
        began = time.monotonic()
        for each in range(int(rate * seconds)):
            await asyncio.sleep(max(0.0, began + each / rate - time.monotonic()))
            await self.send()

    async def left(self) -> int:
        """How many keys no worker saw in time."""
        return len(await self.crew.saw(set(self.sent), PATIENCE_S))

    def waits(self) -> list[float]:
        """From the commit to the first start of each job, in the order of size."""
        seen = self.crew.seen
        return sorted(seen[key][0] - at for key, at in self.sent.items() if key in seen)

    async def one(self, query: str) -> Any:
        async with await psycopg.AsyncConnection.connect(self.url, autocommit=True) as connection:
            return await (await connection.execute(query)).fetchone()


@asynccontextmanager
async def field(server: Server, name: str, workers: int, via: int | None = None) -> AsyncIterator[Field]:
    """Workers that have each shown that they work; `via`: they reach the database by that port."""
    engine = engine_of(name)
    url = server.create(f"b{time.monotonic_ns()}")
    await engine.install(url)
    theirs = url.replace(str(server.port), str(via)) if via else url
    async with (
        Crew(name, theirs) as crew,
        await psycopg.AsyncConnection.connect(url, autocommit=True) as connection,
    ):
        opened = Field(server, engine, crew, url, connection, {})
        await crew.start(workers)
        await opened.send()
        if await opened.left():
            raise RuntimeError("nothing is worked on")
        await asyncio.sleep(2.5 + workers)
        opened.sent_before = len(opened.sent)
        opened.sent.clear()
        crew.seen.clear()
        yield opened


async def hand_over(server: Server, name: str) -> Figures:
    """From a commit to the start of its job, with two workers."""
    async with field(server, name, 2) as opened:
        await opened.send_at(5, 12)
        await opened.left()
        idle = opened.waits()
    async with field(server, name, 2) as opened:
        await opened.send_at(200, 5)
        await opened.left()
        busy = opened.waits()
    return {"idle p50/p95": _percentiles(idle), "200/s p50/p95": _percentiles(busy)}


async def rate(server: Server, name: str) -> Figures:
    """Jobs a second out of a backlog of 2,000, with some numbers of workers."""
    found = {}
    for workers in (1, 2, 4, 8):
        async with field(server, name, workers) as opened:
            for _ in range(20):
                await opened.send(many=100)
            began, lost = min(opened.sent.values()), await opened.left()
            last = max(times[0] for times in opened.crew.seen.values())
            found[f"jobs/s, {workers} workers"] = (
                f"{len(opened.waits()) / (last - began):.0f}" + f" ({lost} lost)" * bool(lost)
            )
    return found


async def statements(server: Server, name: str) -> Figures:
    """Statements for each job at 20 a second, less those that the workers send anyhow; enqueueing counts."""
    found = {}
    for workers in (1, 4):
        async with field(server, name, workers) as opened:
            (before,) = await opened.one(STATEMENTS)
            await asyncio.sleep(5)
            (idle,) = await opened.one(STATEMENTS)
            await opened.send_at(20, 10)
            await opened.left()
            (after,) = await opened.one(STATEMENTS)
            each = (float(after - idle) - 2 * float(idle - before)) / len(opened.sent)
            found[f"statements a job, {workers} workers"] = f"{each:.1f}"
            found[f"statements a second idle, {workers} workers"] = f"{float(idle - before) / 5:.1f}"
    return found


async def dead_rows(server: Server, name: str) -> Figures:
    """What 10,000 jobs leave behind without a vacuum: dead rows, and live ones, in all tables."""
    async with field(server, name, 2) as opened:
        _, was = await opened.one(DEAD)
        for _ in range(100):
            await opened.send(many=100)
        lost = await opened.left()
        await asyncio.sleep(3)
        dead, live = await opened.one(DEAD)
        (size,) = await opened.one("SELECT pg_database_size(current_database()) / 1048576.0")
        seen = len(opened.waits())
        return {
            "dead rows for each 100,000 jobs": f"{float(dead) / max(seen, 1) * 100_000:,.0f}",
            "live rows left for each 100,000 jobs": f"{float(live - was) / max(seen, 1) * 100_000:,.0f}",
            "MiB after 10,000 jobs": f"{float(size):.0f}" + f" ({lost} lost)" * bool(lost),
        }


async def twice(server: Server, name: str) -> Figures:
    """What becomes of a second job for a key: while the first waits, and while the first is worked on."""
    async with field(server, name, 1) as opened:
        for _ in range(2):
            await _try_to_send(opened, "slow")
            await opened.crew.saw({"slow"}, 5)
        await asyncio.sleep(4)
        at_work = len(opened.crew.seen["slow"]) - 1
        for key in ("slow2", "same", "same"):
            await _try_to_send(opened, key)
        await opened.crew.saw({"same"}, 20)
        await asyncio.sleep(3)
        waits = len(opened.crew.seen["same"])
    return {
        "a second job while the first waits": "merged" if waits == 1 else f"{waits} runs",
        "a second job while the first is worked on": "carried" if at_work else "dropped",
    }


async def _try_to_send(opened: Field, key: str) -> None:
    try:
        async with opened.connection.transaction():
            await opened.engine.enqueue(opened.connection, key)
    except psycopg.Error:
        return  # refused, and with it the transaction that it was part of


async def killed(server: Server, name: str) -> Figures:
    """Three workers, of which one is killed every 2 s; 20 jobs a second."""
    async with field(server, name, 3) as opened:
        chance = random.Random(1)

        async def strike() -> None:
            await opened.crew.kill(chance.randrange(3))

        return {"kill -9 every 2 s": await _struck(opened, strike)}


async def frozen(server: Server, name: str) -> Figures:
    """Three workers, of which one is frozen all the time."""
    async with field(server, name, 3) as opened:
        opened.crew.freeze(0)
        return {"SIGSTOP of 1 of 3": await _struck(opened, None)}


async def restarted(server: Server, name: str) -> Figures:
    """The server is restarted once in the middle."""
    async with field(server, name, 3) as opened:
        await opened.send_at(20, 3)
        await asyncio.to_thread(server.stop)
        await asyncio.to_thread(server.start)
        await opened.connection.close()
        opened.connection = await psycopg.AsyncConnection.connect(opened.url, autocommit=True)
        await opened.send_at(20, 3)
        found = {"server restart": await _verdict(opened)}
        await opened.connection.close()
        return found


async def pooled(server: Server, name: str) -> Figures:
    """The workers reach the database through PgBouncer in transaction mode."""
    with server.bouncer() as port:
        async with field(server, name, 3, via=port) as opened:
            return {"PgBouncer, transaction mode": await _struck(opened, None)}


async def _struck(opened: Field, strike: Callable[[], Awaitable[None]] | None) -> str:
    sending = asyncio.create_task(opened.send_at(20, STRIKES_S))
    while not sending.done():
        await asyncio.wait([sending], timeout=2)
        if strike and not sending.done():
            await strike()
    await sending
    return await _verdict(opened)


async def _verdict(opened: Field) -> str:
    lost = await opened.left()
    twice = sum(len(times) > 1 for times in opened.crew.seen.values())
    waits = opened.waits()
    worst = waits[-1] if waits else float("nan")
    return f"{lost} not within 60 s, {twice} twice, p50 {statistics.median(waits) * 1000:.0f} ms, worst {worst:.1f} s"


def _percentiles(waits: list[float]) -> str:
    if not waits:
        return "nothing came"
    return f"{statistics.median(waits) * 1000:.1f}/{waits[int(len(waits) * 0.95)] * 1000:.1f} ms"


MEASURES = {
    each.__name__: each
    for each in (hand_over, rate, statements, twice, dead_rows, killed, frozen, restarted, pooled)
}
