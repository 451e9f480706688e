"""Where a soak takes place: both platforms and AIVAX in this process, bots in others, a crowd, and a judge."""

from __future__ import annotations

import asyncio
import json
import os
import random
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from core.storage.db import Database
from sandbox.server import serve
from tests.platforms.discord import FakeDiscord
from tests.platforms.slack import FakeSlack
from tests.soak.cradle import Child, Cradle, open_cradle
from tests.soak.crowd import WISHES, Crowd
from tests.soak.records import Records
from tests.soak.talk import Answers, Conversation, Question, Verdict, judge
from tests.town import Town

OFTEN = 1_000_000
MORE = """
[limits]
attempts = {attempts}
shutdown_grace_s = {grace_s}
running_turns = {running_turns}
person_waiting = 1000
person_running = 1000
person_actions = 1000
"""


class Ground:
    """All that a soak needs."""

    def __init__(
        self, town: Town, cradle: Cradle, records: Records, folder: Path, seed: int, elsewhere: Cradle | None
    ) -> None:
        self.town = town
        self.records = records
        self.folder = folder
        self.chance = random.Random(seed)  # noqa: S311 - repeatable by its seed
        self.answers = Answers(town.sandbox.state.calls)
        self.crowd = Crowd(town, [], self.chance)
        self._cradle = cradle
        self._elsewhere = elsewhere or cradle
        self._config = folder / "config.toml"

    def configure(
        self,
        *,
        lease_s: int = 1,
        attempts: int = OFTEN,
        running_turns: int = 20,
        grace_s: float = 30,
        aivax: str = "",
        dispatch: str = "rows",
        pooler: bool = False,
        **changes: str,
    ) -> None:
        config = self.town.config(**changes)
        storage = f'worker_lost_after_s = {lease_s}\ndispatch = "{dispatch}"\n'
        if pooler:
            storage += "pooler = true\npoll_interval_s = 1\n"
        config = config.replace("\n[slack]", f"{storage}\n[slack]")
        config = config.replace("\n[storage]", f"{aivax}\n\n[storage]")
        self._config.write_text(
            config + MORE.format(attempts=attempts, running_turns=running_turns, grace_s=grace_s)
        )

    def invite(
        self, conversations: Sequence[Conversation], wishes: Sequence[tuple[str, int]] = WISHES
    ) -> None:
        self.crowd = Crowd(self.town, conversations, self.chance, wishes)

    async def start(self, name: str = "bot", *arguments: str, elsewhere: bool = False) -> Child:
        """Begin a process; `elsewhere`: where the clock shows another time."""
        cradle = self._elsewhere if elsewhere else self._cradle
        return await cradle.start(self._config, self.folder / f"{name}.log", *arguments)

    async def ready(self) -> None:
        await self.town.slack.connected(1, 60)
        await self.town.discord.online()

    async def settled(self, timeout_s: float = 420, *, all_heard: bool = False) -> None:
        """Return when all that was heard is answered, and Slack has nothing left to deliver.

        `all_heard`: no process was killed, so that those of Discord wait in one until they can be stored.
        """
        until = asyncio.get_running_loop().time() + timeout_s
        open_turns = self.records.open_turns
        while (lost := await self.unheard(all_heard)) or await open_turns():  # no deadline: below
            left = f"{[self.told_of(q) for q in lost]}, {await self.records.unfinished()}"
            assert asyncio.get_running_loop().time() < until, f"not within {timeout_s} s: {left}"
            await asyncio.sleep(0.2)

    async def unheard(self, on_discord: bool = False) -> list[Question]:
        """Messages that were not taken in yet, Slack's or all; Slack's are delivered once more."""
        keys = await self.records.keys()
        waiting = [q for q in self.crowd.asked if q.key not in keys]
        on_slack = [q for q in waiting if q.key.startswith("slack")]
        if on_slack and self.town.slack.sockets:
            await asyncio.sleep(0.5)
            # a process that is frozen holds its connection, and would use up all attempts within seconds
            await self.town.slack.redeliver(elsewhere=True)
        return waiting if on_discord else on_slack

    def told_of(self, question: Question) -> str:
        """Where something was asked, and how far Slack came with it, or with what quotes it."""
        about = [
            f"{len(each.envelopes)} attempts, {'acked' if each.acked else 'lost' if each.lost else 'open'}"
            for each in self.town.slack.socket_mode.deliveries
            if question.word in str(each.payload)
        ]
        return f"{question.word} in {question.conversation} ({', '.join(about)})"

    async def verdict(self, *, may_apologise: bool = False, all_heard: bool = False) -> Verdict:
        """Judge what stands there, in the order of arrival; `all_heard` as for `settled`."""
        arrived = await self.records.arrived(self.crowd.asked)
        heard, ended = set(arrived), await self.records.superseded(arrived)
        current = [question for question in arrived if question not in ended]
        verdict = judge(current, self.answers, may_apologise=may_apologise)
        verdict.superseded = len(ended)
        for question in self.crowd.asked:
            if question not in heard and (all_heard or question.key.startswith("slack")):
                verdict.lost.append(f"{question.conversation} {question.word}: it never arrived")
            elif question not in heard:
                verdict.unheard += 1
        return verdict

    async def report(self, verdict: Verdict, *figures: str) -> None:
        """Print what was seen, and keep the logs where something went wrong."""
        anew = sum(count - 1 for count in self.answers.asked.values())
        say(
            f"{len(self.crowd.asked)} messages; whole {verdict.whole}, lost {len(verdict.lost)}, doubled"
            f" {len(verdict.doubled)}, broken {len(verdict.broken)}, out of order {len(verdict.disordered)},"
            f" left over {len(verdict.left_over)}; apologies {verdict.apologies}, superseded by a newer question of"
            f" their author {verdict.superseded}, told to wait {verdict.told_to_wait}"
        )
        say(
            f"generated anew {anew}; Discord messages that a killed process had not stored {verdict.unheard};"
            f" turns {dict(await self.records.states())}"
        )
        for figure in [*figures, *verdict.faults]:
            say(figure)
        if verdict.evidence:
            evidence = self.folder / "evidence.json"
            evidence.write_text(json.dumps(verdict.evidence, indent=1))
            say(f"what stood there, and what AIVAX said: {evidence}")


def say(figure: str) -> None:
    sys.stdout.write(f"  {figure}\n")
    sys.stdout.flush()


def seed_of(environment: str | None) -> int:
    seed = int(environment) if environment else random.randrange(1_000_000)  # noqa: S311
    say(f"\n  SOAK_SEED={seed}")
    return seed


def amount(name: str, usual: int) -> int:
    return int(os.environ.get(name, usual))


@asynccontextmanager
async def open_ground(
    folder: Path,
    storage: str,
    *,
    tokens_per_s: float = 300.0,
    shards: int = 1,
    pooled: str = "",
    elsewhere: Mapping[str, str] | None = None,
) -> AsyncIterator[Ground]:
    """`pooled`: by which address the bots reach the database; `elsewhere`: the environment of another machine."""
    async with (
        FakeSlack() as slack,
        FakeDiscord(shards=shards) as discord,
        serve(plan="max", balance=1e9, tokens_per_s=tokens_per_s) as sandbox,
        open_cradle() as cradle,
        AsyncExitStack() as stack,
        Database(storage) as database,
    ):
        town = Town(slack, discord, sandbox, pooled or storage)
        other = await stack.enter_async_context(open_cradle(elsewhere)) if elsewhere else None
        yield Ground(town, cradle, Records(database), folder, seed_of(os.environ.get("SOAK_SEED")), other)
