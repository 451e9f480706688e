"""The processes of compose.postgres.yaml, started as they stand there, and a listener of them that freezes."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
import yaml

from sandbox.server import serve
from tests.platforms.discord import Channel, FakeDiscord
from tests.platforms.slack import FakeSlack
from tests.programs import PROJECT
from tests.town import Bot, Town, running

SHARDS, LISTENERS = 2, 2
STORAGE = "[storage]\nworker_lost_after_s = 3\n"


def commands() -> dict[str, list[str]]:
    """What each process of the bot is started with, by its name; listeners are scaled as docs/deploy.md tells."""
    services: dict[str, Any] = yaml.safe_load((PROJECT / "compose.postgres.yaml").read_text())["services"]
    found = {}
    for name in ("listener", "worker"):
        service = services[name]
        count = LISTENERS if name == "listener" else service["deploy"]["replicas"]
        found |= {f"{name}{number}": list(service["command"]) for number in range(count)}
    return found


@pytest.fixture
async def town(postgres_url: str) -> AsyncIterator[Town]:
    async with (
        FakeSlack() as slack,
        FakeDiscord(shards=SHARDS) as discord,
        serve(plan="max", balance=50) as sandbox,
    ):
        yield Town(slack, discord, sandbox, postgres_url)


async def answered_once(town: Town, lobbies: list[Channel], words: str) -> None:
    """Ask in each lobby, and see one answer in each."""
    for lobby in lobbies:
        await town.discord.say(town.ben, lobby, f"{town.discord.bot.mention} {words}")

    def answers(lobby: Channel) -> int:
        return sum(words in seen.content for seen in town.discord.answers(lobby))

    await town.discord.until(lambda: all(map(answers, lobbies)))
    assert [answers(lobby) for lobby in lobbies] == [1] * len(lobbies)


def live(town: Town) -> set[int]:
    return {session.shard for session in town.discord.sessions if session.live}


@pytest.mark.long
async def test_listeners_and_workers_of_the_example_answer_and_a_frozen_listener_is_replaced(
    town: Town, tmp_path: Path
) -> None:
    lobbies = [
        town.discord.channel(town.discord.guild(f"on {shard}", shard=(shard, SHARDS)), "lobby")
        for shard in range(SHARDS)
    ]
    config = town.config().replace("[storage]\n", STORAGE)
    async with AsyncExitStack() as stack:

        async def start(name: str, arguments: list[str]) -> Bot:
            (tmp_path / name).mkdir()
            assert arguments[0] == "run"
            bot = await stack.enter_async_context(running(tmp_path / name, config, *arguments[1:]))
            assert (await bot.line()).startswith("ready: ")
            return bot

        started = await asyncio.gather(*(start(*each) for each in commands().items()))
        bots = dict(zip(commands(), started, strict=True))
        await town.discord.until(lambda: live(town) == {0, 1})
        await town.slack.until(lambda: town.slack.sockets == LISTENERS)
        await answered_once(town, lobbies, "all is well")
        assert await town.ask_on_slack("and here")

        sessions = len(town.discord.identifies)
        frozen = bots["listener0"]
        frozen.process.send_signal(signal.SIGSTOP)
        await town.discord.until(lambda: len(town.discord.identifies) > sessions)
        await answered_once(town, lobbies, "one is frozen")
        frozen.process.send_signal(signal.SIGCONT)
        await frozen.says("sharing.lost")
        await answered_once(town, lobbies, "it woke")

        assert [await bot.stop() for bot in started] == [0] * len(started)
