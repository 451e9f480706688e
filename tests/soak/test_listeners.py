"""Listeners as processes of their own that share Discord's shards and Slack's sockets, and die or freeze."""

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

LEASE_S, SHARDS = 3, 3
STRIKE_EVERY_S = 12.0
OPEN_AT_MOST = 20


class Listeners:
    """Three listeners, of which one is always in trouble; a worker that is left alone."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        self._chance = ground.chance
        self._listeners: list[Child] = []
        self._asleep: dict[Child, asyncio.Task[None]] = {}
        self.strikes: Counter[str] = Counter()

    async def run(self, seconds: float) -> None:
        """Strike for so long while the crowd talks; then wait until all is answered, and stop everybody."""
        worker = await self._ground.start("worker", "--role", "work")
        self._listeners = [await self._start(number) for number in range(3)]
        await self._ground.town.slack.connected(3, 60)
        await self._ground.town.discord.online(SHARDS)
        talking = asyncio.create_task(self._talk())
        try:
            await self._strike_for(seconds)
        finally:
            talking.cancel()
        await asyncio.gather(*self._asleep.values())
        await self._ground.town.discord.online(SHARDS)
        await self._heard()
        await self._ground.settled()
        for child in (worker, *self._listeners):
            assert await child.stop() == 0

    async def _start(self, number: int) -> Child:
        return await self._ground.start(f"listener{number}", "--role", "listen")

    async def _talk(self) -> None:
        while True:  # no deadline: until it is cancelled
            if await self._ground.records.open_turns() < OPEN_AT_MOST:
                await self._ground.crowd.ask_something(at_once=True)
            await asyncio.sleep(self._chance.uniform(0, 0.5))

    async def _heard(self) -> None:
        """Wait until what was asked on Discord is stored, whoever found it."""
        until = time.monotonic() + 60
        asked = {each.key for each in self._ground.crowd.asked if each.key.startswith("discord")}
        while missing := asked - set(await self._ground.records.keys()):  # no deadline: below
            if time.monotonic() > until:
                say(f"never heard on Discord: {len(missing)} of {len(asked)}")
                return
            await asyncio.sleep(0.5)
        say(f"heard on Discord: all {len(asked)}")

    async def _strike_for(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while time.monotonic() < until:  # no deadline: it is one
            await asyncio.sleep(STRIKE_EVERY_S)
            awake = [number for number, child in enumerate(self._listeners) if child not in self._asleep]
            number = self._chance.choice(awake)
            if len(awake) > 1 and self._chance.random() < 0.5:
                self._listeners[number].send(signal.SIGSTOP)
                self.strikes["frozen"] += 1
                self._asleep[self._listeners[number]] = asyncio.create_task(
                    self._wake(self._listeners[number])
                )
            else:
                await self._listeners[number].kill()
                self._listeners[number] = await self._start(number)
                self.strikes["killed"] += 1

    async def _wake(self, child: Child) -> None:
        await asyncio.sleep(LEASE_S + self._chance.uniform(0.5, 10))
        child.send(signal.SIGCONT)
        del self._asleep[child]


@pytest.mark.soak
async def test_questions_survive_their_listeners(postgres_url: str, tmp_path: Path) -> None:
    async with open_ground(tmp_path, postgres_url, tokens_per_s=400, shards=SHARDS) as ground:
        ground.configure(lease_s=LEASE_S)
        ground.invite(places(ground.town, each=5))
        listeners = Listeners(ground)
        await listeners.run(amount("SOAK_SECONDS", 90))
        verdict = await ground.verdict()
        struck = ", ".join(f"{count} {what}" for what, count in listeners.strikes.items())
        identifies = len(ground.town.discord.identifies)
        await ground.report(verdict, f"listeners: {struck}; {identifies} sessions began")

    assert verdict.faults == []
    assert not verdict.unheard
