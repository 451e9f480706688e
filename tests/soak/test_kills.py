"""kill -9 at any instant, again and again: every message ends with exactly one whole answer."""

from __future__ import annotations

import asyncio
import os
import random
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

from core.storage.engine import Database
from sandbox.server import serve
from tests.platforms.discord import FakeDiscord
from tests.platforms.slack import FakeSlack
from tests.soak.cradle import Cradle, Child, open_cradle
from tests.soak.crowd import Crowd, places
from tests.soak.records import Records
from tests.soak.talk import Answers, Verdict, judge
from tests.town import Town

MORE = """
[limits]
attempts = 100000
shutdown_grace_s = 30
"""
LEASE = "worker_lost_after_s = 1\n"
ON_SLACK = ("chat.postMessage", "chat.startStream", "chat.appendStream", "chat.stopStream", "chat.update", "chat.delete")
ON_DISCORD = (
    "POST /channels/{}/messages",
    "POST /channels/{}/messages",
    "PATCH /channels/{}/messages/{}",
    "DELETE /channels/{}/messages/{}",
)


class Killing:
    """One bot that is killed and started again, while a crowd talks with it."""

    def __init__(self, town: Town, cradle: Cradle, folder: Path, chance: random.Random, records: Records) -> None:
        self.town = town
        self.chance = chance
        self.records = records
        self.crowd = Crowd(town, places(town, each=4), chance)
        self.answers = Answers(town.sandbox.state.calls)
        self.kills: Counter[str] = Counter()
        self._cradle = cradle
        self._config = folder / "config.toml"
        self.log = folder / "log"
        config = town.config().replace("[slack]", f"{LEASE}\n[slack]") + MORE
        self._config.write_text(config)

    async def run(self, kills: int, turns: int) -> None:
        """Kill so often while so much is asked; then let the bot finish, and stop it."""
        child = await self._start()
        talking = asyncio.create_task(self._talk(kills, turns))
        try:
            while sum(self.kills.values()) < kills:
                await self._kill_once(child)
                child = await self._start()
            await talking
        finally:
            talking.cancel()
        await self._finish(child)

    async def _start(self) -> Child:
        self.town.discord.forget_sessions()
        child = await self._cradle.start(self._config, self.log)
        return child

    async def _talk(self, kills: int, turns: int) -> None:
        """Keep a few questions ahead of the kills."""
        while (asked := len(self.crowd.asked)) < turns:
            if asked < 8 + turns * sum(self.kills.values()) / kills:
                await self.crowd.ask_something()
            await asyncio.sleep(self.chance.uniform(0, 0.1))

    async def _kill_once(self, child: Child) -> None:
        kind = self.chance.choices(("starting", "anywhere", "at a call"), (1, 8, 9))[0]
        if kind == "starting":
            await asyncio.sleep(self.chance.uniform(0, 0.5))
        else:
            await self._ready()
            await self.town.slack.redeliver()
            if kind == "at a call":
                kind = await self._reach_a_call()
            else:
                await asyncio.sleep(self.chance.uniform(0, 3))
        await child.kill()
        self.kills[kind] += 1
        self.town.slack.heal()
        for fault in self.town.discord.rest.faults:
            with suppress(AttributeError):
                fault.release()

    async def _ready(self) -> None:
        await self.town.slack.connected(1, 30)
        await self.town.discord.online()

    async def _reach_a_call(self) -> str:
        """Return when a call is in flight that the platform has done, or is about to do; what it is."""
        done = self.chance.random() < 0.8
        reached: list[asyncio.Event] = []
        names = self.chance.sample(ON_SLACK, 3)
        reached += [self.town.slack.hang(name, after_work=done).reached for name in names]
        reached += [self.town.discord.hang(spec, worked=done).entered for spec in self.chance.sample(ON_DISCORD, 2)]
        waits = [asyncio.ensure_future(each.wait()) for each in reached]
        await asyncio.wait(waits, timeout=3, return_when=asyncio.FIRST_COMPLETED)
        hit = any(wait.done() for wait in waits)
        for wait in waits:
            wait.cancel()
        return ("done but not told" if done else "told but not done") if hit else "anywhere"

    async def _finish(self, child: Child) -> None:
        await self._ready()
        async with asyncio.timeout(300):
            while await self.records.open_turns() or await self._unheard():
                await asyncio.sleep(0.2)
        assert await child.stop() == 0

    async def _unheard(self) -> int:
        """Slack events of people that were not acknowledged yet."""
        keys = await self.records.keys()
        waiting = [q for q in self.crowd.asked if q.key.startswith("slack") and q.key not in keys]
        if waiting:
            await self.town.slack.redeliver()
            await asyncio.sleep(0.5)
        return len(waiting)


@asynccontextmanager
async def killing(folder: Path, storage: str, seed: int) -> AsyncIterator[Killing]:
    async with (
        FakeSlack() as slack,
        FakeDiscord() as discord,
        serve(plan="max", balance=1e9, tokens_per_s=300) as sandbox,
        open_cradle() as cradle,
        Database(storage) as database,
    ):
        town = Town(slack, discord, sandbox, storage)
        yield Killing(town, cradle, folder, random.Random(seed), Records(database))


def seed_of(environment: str | None) -> int:
    return int(environment) if environment else random.randrange(1_000_000)


async def soaked(folder: Path, storage: str, *, kills: int, turns: int) -> Verdict:
    seed, began = seed_of(os.environ.get("SOAK_SEED")), time.monotonic()
    print(f"\nseed {seed} (SOAK_SEED)")
    async with killing(folder, storage, seed) as soak:
        await soak.run(kills, turns)
        arrived = await soak.records.arrived(soak.crowd.asked)
        never = [q for q in soak.crowd.asked if q not in set(arrived)]
        verdict = judge(arrived, soak.answers)
        verdict.lost += [f"{q.conversation} {q.word} never arrived" for q in never if q.key.startswith("slack")]
        unheard = sum(q.key.startswith("discord") for q in never)
        anew = sum(count - 1 for count in soak.answers.asked.values())
        print(
            f"{len(soak.crowd.asked)} messages, {sum(soak.kills.values())} kills {dict(soak.kills)},"
            f" {time.monotonic() - began:.0f} s\n"
            f"whole {verdict.whole}, lost {len(verdict.lost)}, doubled {len(verdict.doubled)},"
            f" broken {len(verdict.broken)}, out of order {len(verdict.disordered)},"
            f" left over {len(verdict.left_over)}; generated anew {anew};"
            f" Discord messages killed before they were stored {unheard}; states {dict(await soak.records.states())}"
        )
        for fault in verdict.faults:
            print("  ", fault)
    return verdict


@pytest.mark.soak
async def test_a_message_survives_200_kills(storage_url: str, tmp_path: Path) -> None:
    kills, turns = (int(os.environ.get(name, usual)) for name, usual in (("SOAK_KILLS", 200), ("SOAK_TURNS", 400)))

    verdict = await soaked(tmp_path, storage_url, kills=kills, turns=turns)

    assert verdict.faults == []


async def test_a_message_survives_a_few_kills(sqlite_url: str, tmp_path: Path) -> None:
    verdict = await soaked(tmp_path, sqlite_url, kills=10, turns=20)

    assert verdict.faults == []
