"""Listeners and workers as processes of their own on one PostgreSQL, and workers that die or freeze."""

from __future__ import annotations

import asyncio
import signal
import time
from collections import Counter
from pathlib import Path

import pytest

from tests.soak.cradle import Child
from tests.soak.crowd import places
from tests.soak.ground import Ground, amount, open_ground, say
from tests.soak.talk import Verdict

LEASE_S = 2
STRIKE_EVERY_S = 2.0
OPEN_AT_MOST = 30


class Workers:
    """Three workers, of which one is always in trouble; two listeners that are left alone."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        self._chance = ground.chance
        self._workers: list[Child] = []
        self._asleep: dict[Child, asyncio.Task[None]] = {}
        self.strikes: Counter[str] = Counter()

    async def run(self, seconds: float) -> None:
        """Strike for so long while the crowd talks; then wait until all is answered, and stop everybody."""
        listeners = [await self._ground.start(f"listener{n}", "--role", "listen") for n in range(2)]
        self._workers = [await self._start(n) for n in range(3)]
        await self._ground.town.slack.connected(2, 60)
        talking = asyncio.create_task(self._talk())
        try:
            await self._strike_for(seconds)
        finally:
            talking.cancel()
        await asyncio.gather(*self._asleep.values())
        await self._ground.settled()
        for child in (*self._workers, *listeners):
            assert await child.stop() == 0

    async def _start(self, number: int) -> Child:
        return await self._ground.start(f"worker{number}", "--role", "work")

    async def _talk(self) -> None:
        while True:  # no deadline: until it is cancelled
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


async def worked(ground: Ground, seconds: float, dispatch: str = "rows") -> Verdict:
    ground.configure(lease_s=LEASE_S, discord_token="", dispatch=dispatch)
    ground.invite(places(ground.town, each=10, discord=False))
    workers = Workers(ground)
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


@pytest.mark.soak
@pytest.mark.parametrize("dispatch", ["rows", "procrastinate"])
async def test_turns_survive_their_workers(postgres_url: str, tmp_path: Path, dispatch: str) -> None:
    async with open_ground(tmp_path, postgres_url, tokens_per_s=400) as ground:
        verdict = await worked(ground, amount("SOAK_SECONDS", 60), dispatch)

    assert verdict.faults == []
