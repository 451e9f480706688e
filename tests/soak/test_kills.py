"""kill -9 at any instant, again and again: every message ends with exactly one whole answer."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path

import pytest

from tests.soak.cradle import Child
from tests.soak.crowd import SHORT, places
from tests.soak.ground import Ground, amount, open_ground
from tests.soak.talk import Verdict

ON_SLACK = (
    "chat.postMessage",
    "chat.startStream",
    "chat.appendStream",
    "chat.stopStream",
    "chat.update",
    "chat.delete",
)
ON_DISCORD = (
    "POST /channels/{}/messages",
    "PATCH /channels/{}/messages/{}",
    "DELETE /channels/{}/messages/{}",
)


class Killing:
    """One bot that is killed and started again, while a crowd talks with it."""

    def __init__(self, ground: Ground, *, life_s: float, settled_within_s: float) -> None:
        """`life_s` is the longest that it lives once it is ready."""
        self._ground = ground
        self._town = ground.town
        self._chance = ground.chance
        self._life_s = life_s
        self._settled_within_s = settled_within_s
        self.kills: Counter[str] = Counter()

    async def run(self, kills: int, turns: int) -> None:
        """Kill so often while so much is asked; then let the bot finish, and stop it."""
        child = await self._start()
        talking = asyncio.create_task(self._talk(kills, turns))
        try:
            while self.kills.total() < kills:  # no deadline: each kill has one
                await self._kill_once(child)
                child = await self._start()
            await talking
            await self._ground.ready()
            await self._ground.settled(self._settled_within_s)
        finally:
            talking.cancel()
        assert await child.stop() == 0

    async def _start(self) -> Child:
        self._town.discord.forget_sessions()
        return await self._ground.start()

    async def _talk(self, kills: int, turns: int) -> None:
        """Keep a few questions ahead of the kills."""
        while (asked := len(self._ground.crowd.asked)) < turns:  # no deadline: as long as the kills go on
            if asked < 8 + turns * self.kills.total() / kills:
                await self._ground.crowd.ask_something()
            await asyncio.sleep(self._chance.uniform(0, 0.1))

    async def _kill_once(self, child: Child) -> None:
        kind = self._chance.choices(("while it starts", "anywhere", "at a call"), (1, 8, 9))[0]
        if kind == "while it starts":
            await asyncio.sleep(self._chance.uniform(0, 0.5))
        else:
            await self._ground.ready()
            await self._town.slack.redeliver(
                keep=1
            )  # a life may be too short to take an event in: see `settled`
        if kind == "anywhere":
            await asyncio.sleep(self._chance.uniform(0, self._life_s))
        if kind == "at a call":
            kind = await self._reach_a_call()
        await child.kill()
        self.kills[kind] += 1
        self._let_go()

    async def _reach_a_call(self) -> str:
        """Return when a call is in flight that the platform has done, or is about to do; which it is."""
        done = self._chance.random() < 0.8
        slack, discord = self._town.slack, self._town.discord
        reached = [slack.hang(name, after_work=done).reached for name in self._chance.sample(ON_SLACK, 3)]
        reached += [discord.hang(spec, worked=done).entered for spec in self._chance.sample(ON_DISCORD, 2)]
        waits = [asyncio.ensure_future(each.wait()) for each in reached]
        hit, _ = await asyncio.wait(waits, timeout=self._life_s, return_when=asyncio.FIRST_COMPLETED)
        for wait in waits:
            wait.cancel()
        return ("done but not told" if done else "sent but not done") if hit else "anywhere"

    def _let_go(self) -> None:
        self._town.slack.heal()
        for fault in self._town.discord.rest.faults:
            with suppress(AttributeError):  # not all of them hang
                fault.release()  # type: ignore[attr-defined]


async def survived(
    ground: Ground, *, kills: int, turns: int, life_s: float, settled_within_s: float = 420
) -> Verdict:
    began = time.monotonic()
    ground.configure()
    killing = Killing(ground, life_s=life_s, settled_within_s=settled_within_s)
    await killing.run(kills, turns)
    verdict = await ground.verdict()
    how = ", ".join(f"{count} {kind}" for kind, count in killing.kills.most_common())
    took = f"{killing.kills.total()} kills ({how}) in {time.monotonic() - began:.0f} s"
    await ground.report(verdict, took)
    return verdict


@pytest.mark.soak
async def test_every_message_survives_200_kills(storage_url: str, tmp_path: Path) -> None:
    kills, turns = amount("SOAK_KILLS", 200), amount("SOAK_TURNS", 400)
    async with open_ground(tmp_path, storage_url) as ground:
        ground.invite(places(ground.town, each=4))
        verdict = await survived(ground, kills=kills, turns=turns, life_s=3.0)

    assert verdict.faults == []


@pytest.mark.long
async def test_every_message_survives_a_few_kills(sqlite_url: str, tmp_path: Path) -> None:
    async with open_ground(tmp_path, sqlite_url, tokens_per_s=2000) as ground:
        ground.invite(places(ground.town, each=5), SHORT)
        verdict = await survived(ground, kills=6, turns=12, life_s=0.5, settled_within_s=100)

    assert verdict.faults == []
