"""Listeners and workers as processes of their own on one PostgreSQL, and workers that die or freeze."""

from __future__ import annotations

import asyncio
import signal
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager, suppress
from pathlib import Path

import pytest

from core.domain import StorageError
from tests.pgbouncer import PROGRAM, bouncing
from tests.soak.cradle import Child
from tests.soak.crowd import places
from tests.soak.databases import Postgres, own_postgres
from tests.soak.ground import Ground, amount, open_ground, say
from tests.soak.talk import Verdict
from tests.test_server_time import LIBRARY, off_by

POOLED = pytest.mark.skipif(PROGRAM is None, reason="PgBouncer is not installed")
FAKED = pytest.mark.skipif(LIBRARY is None, reason="libfaketime is not installed")
LEASE_S = 2
WORKERS = 4
NO_DATABASE = 75
"""The status of a process that ends since it can't reach its database."""
STRIKE_EVERY_S = 2.0
OPEN_AT_MOST = 30


class Workers:
    """Four workers, of which one is always in trouble; two listeners that are left alone, unless the database goes."""

    def __init__(self, ground: Ground, database: Postgres, *, clocks: bool = False) -> None:
        """`clocks`: every second worker is on a machine whose clock is an hour ahead."""
        self._ground = ground
        self._chance = ground.chance
        self._database = database
        self._clocks = clocks
        self._workers: list[Child] = []
        self._asleep: dict[Child, asyncio.Task[None]] = {}
        self.strikes: Counter[str] = Counter()

    async def run(self, seconds: float) -> None:
        """Strike for so long while the crowd talks; then wait until all is answered, and stop everybody."""
        listeners = [await self._ground.start(f"listener{n}", "--role", "listen") for n in range(2)]
        self._workers = [await self._start(n) for n in range(WORKERS)]
        await self._ground.town.slack.connected(2, 60)
        talking = asyncio.create_task(self._talk())
        restarting = asyncio.create_task(self._restart_within(seconds))
        supervising = asyncio.create_task(self._supervise())
        try:
            await self._strike_for(seconds)
            await restarting
        finally:
            talking.cancel()
            restarting.cancel()
        await asyncio.gather(*self._asleep.values())
        await self._ground.settled()
        supervising.cancel()
        for child in (*self._workers, *listeners):
            assert await child.stop() == 0

    async def _start(self, number: int) -> Child:
        elsewhere = self._clocks and number % 2 == 1
        return await self._ground.start(f"worker{number}", "--role", "work", elsewhere=elsewhere)

    async def _supervise(self) -> None:
        """Begin a worker again that met no database when it began, as whatever supervises services does."""
        while True:  # no deadline: until it is cancelled
            for number, child in enumerate(self._workers):
                if not child.runs and child.ended.result() == NO_DATABASE:
                    self._workers[number] = await self._start(number)
                    self.strikes["begun without a database"] += 1
            await asyncio.sleep(0.5)

    async def _restart_within(self, seconds: float) -> None:
        """Restart the database twice: in good order, and by a crash."""
        for how in ("fast", "immediate"):
            await asyncio.sleep(seconds / 3)
            await self._database.restart(how)
            self.strikes[f"restart of the database ({how})"] += 1

    async def _talk(self) -> None:
        while True:  # no deadline: until it is cancelled
            with suppress(StorageError):  # it is just being restarted
                if await self._ground.records.open_turns() < OPEN_AT_MOST:
                    await self._ground.crowd.ask_something(at_once=True)
            await asyncio.sleep(self._chance.uniform(0, 0.1))

    async def _strike_for(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while time.monotonic() < until:  # no deadline: it is one
            await asyncio.sleep(STRIKE_EVERY_S)
            awake = [n for n, child in enumerate(self._workers) if child not in self._asleep]
            number = self._chance.choice(awake)
            if len(awake) > 1 and self._chance.random() < 0.5:
                self._freeze(self._workers[number])
            else:
                await self._workers[number].kill()
                self._workers[number] = await self._start(number)
                self.strikes["killed"] += 1

    def _freeze(self, child: Child) -> None:
        """Let a worker sleep for longer than its turns stay its own."""
        child.send(signal.SIGSTOP)
        self.strikes["frozen"] += 1
        self._asleep[child] = asyncio.create_task(self._wake(child))

    async def _wake(self, child: Child) -> None:
        await asyncio.sleep(LEASE_S + self._chance.uniform(0.5, 4))
        child.send(signal.SIGCONT)
        del self._asleep[child]


async def worked(ground: Ground, seconds: float, database: Postgres, way: str) -> Verdict:
    dispatch = "rows" if way == "rows" else "procrastinate"
    ground.configure(lease_s=LEASE_S, discord_token="", dispatch=dispatch, pooler=way == "pooler")
    ground.invite(places(ground.town, each=10, discord=False))
    workers = Workers(ground, database, clocks=way == "clocks")
    began = time.monotonic()
    await workers.run(seconds)
    took_s = time.monotonic() - began
    verdict = await ground.verdict()
    struck = ", ".join(f"{count} {what}" for what, count in workers.strikes.items())
    rate = 60 * verdict.whole / took_s
    await ground.report(verdict, f"workers: {struck}; {rate:.0f} answers a minute for {took_s:.0f} s")
    fenced = sum(log.read_text().count("turn.fenced") for log in ground.folder.glob("worker*.log"))
    say(f"attempts that found themselves taken over: {fenced}")
    return verdict


@asynccontextmanager
async def reached(way: str, database: Postgres, port: int, folder: Path) -> AsyncIterator[Ground]:
    """The ground, with PgBouncer between the bots and the database, or with a clock that is off, as `way` says."""
    elsewhere = off_by(1) if way == "clocks" else None
    with ExitStack() as stack:
        pooled = ""
        if way == "pooler":
            bouncer = stack.enter_context(bouncing(database.server_url, port, pool_size=8))
            await bouncer.is_up()
            pooled = bouncer.url_of(database.url)
        async with open_ground(
            folder, database.url, tokens_per_s=400, pooled=pooled, elsewhere=elsewhere
        ) as ground:
            yield ground


@pytest.mark.soak
@pytest.mark.parametrize(
    "way",
    ["rows", "procrastinate", pytest.param("pooler", marks=POOLED), pytest.param("clocks", marks=FAKED)],
)
async def test_turns_survive_their_workers(tmp_path: Path, unused_tcp_port: int, way: str) -> None:
    with own_postgres() as database:
        async with reached(way, database, unused_tcp_port, tmp_path) as ground:
            verdict = await worked(ground, amount("SOAK_SECONDS", 120), database, way)

    assert verdict.faults == []
