"""A process that is killed while people go on asking on Discord, and another one that takes over."""

from __future__ import annotations

import signal
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from sandbox.server import serve
from tests.platforms.discord import VOICE, Channel, FakeDiscord
from tests.platforms.slack import FakeSlack
from tests.town import Town, running

AWAY_S, QUESTIONS = 60, 20


@pytest.fixture
async def town(url: str) -> AsyncIterator[Town]:
    async with FakeSlack() as slack, FakeDiscord() as discord, serve(plan="max") as sandbox:
        yield Town(slack, discord, sandbox, url)


def places(town: Town) -> list[Channel]:
    """Twelve places: channels, threads, a voice channel's text and two direct conversations.

    So many that each gets two answers at most: of more, Discord's limits let the next one wait for seconds.
    """
    fake, guild = town.discord, town.guild
    channels = [fake.channel(guild, f"channel-{number}") for number in range(7)]
    threads = [fake.thread(channel, "thread", by=town.ben) for channel in channels[:2]]
    people = [town.ben, fake.person("cleo")]
    return [*channels, *threads, fake.channel(guild, "talk", VOICE), *(fake.dm(person) for person in people)]


async def test_questions_asked_while_the_process_was_dead_get_one_answer_each(
    town: Town, tmp_path: Path
) -> None:
    fake, everywhere = town.discord, places(town)
    asked: list[int] = []

    async def ask(channel: Channel, words: str) -> None:
        author = channel.recipient or town.ben
        asked.append((await fake.say(author, channel, f"{fake.bot.mention} {words}")).id)

    def answers() -> Counter[int | None]:
        return Counter(
            seen.reply_to for channel in (town.lobby, *everywhere) for seen in fake.answers(channel)
        )

    config = town.config().replace("[slack]", "[slack]\nenabled = false")
    async with running(tmp_path, config) as first:
        assert await first.line() == "ready: discord\n"
        for channel in everywhere[-2:]:
            await ask(channel, "before")
        await fake.until(lambda: len(answers()) == 2)
        await ask(town.lobby, "at the last moment")
        await first.stop(signal.SIGKILL)
    fake.forget_sessions()
    for number in range(QUESTIONS):
        fake.clock.advance(AWAY_S / QUESTIONS)
        await ask(everywhere[number % len(everywhere)], f"question {number}")
    fake.archive(everywhere[7])

    async with running(tmp_path, config) as second:
        assert await second.line() == "ready: discord\n"
        await ask(town.lobby, "back again")
        await fake.until(lambda: len(answers()) == len(asked), timeout_s=60)
        assert await second.stop() == 0

    assert len(asked) == QUESTIONS + 4
    assert answers() == Counter(asked)
