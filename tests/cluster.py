"""A listener and workers as processes of their own on one PostgreSQL, and people who ask several things at once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.platforms.slack import Channel
from tests.town import Bot, Town, running


@dataclass(frozen=True, slots=True)
class Cluster:
    """The running processes."""

    listener: Bot
    workers: Sequence[Bot]


@asynccontextmanager
async def cluster(
    town: Town,
    folder: Path,
    *,
    workers: int = 2,
    storage: str = "",
    environments: Sequence[Mapping[str, str]] = (),
) -> AsyncIterator[Cluster]:
    """A listener, and so many workers. `storage`: more lines of `[storage]`; Slack alone is served.

    `environments`: more of it for each worker.
    """
    config = town.config(discord_token="").replace("[storage]\n", f"[storage]\n{storage}\n")
    async with AsyncExitStack() as stack:

        async def start(name: str, role: str, environment: Mapping[str, str] | None = None) -> Bot:
            (folder / name).mkdir()
            bot = await stack.enter_async_context(
                running(folder / name, config, "--role", role, environment=environment)
            )
            assert await bot.line() == "ready: slack\n"
            return bot

        listener = await start("listener", "listen")
        given = environments or [{}] * workers
        working = await asyncio.gather(
            *(start(f"worker{number}", "work", each) for number, each in enumerate(given))
        )
        yield Cluster(listener, working)


async def ask_at_once(
    town: Town, topic: str, *, people: int = 3, each: int = 3
) -> Mapping[Channel, list[str]]:
    """Several people ask several things in a row, each in their own direct messages; what was asked, by place."""
    rooms = {
        (person := town.slack.person(f"{topic}{number}")): town.slack.dm(person) for number in range(people)
    }
    asked: dict[Channel, list[str]] = {room: [] for room in rooms.values()}
    for turn in range(each):
        for person, room in rooms.items():
            asked[room].append(f"{topic} {person.name} number {turn}")
            await town.slack.say(person, room, asked[room][-1])
    return asked


def answered(town: Town, room: Channel) -> list[str]:
    """What the sandbox answered in a place, as it repeats it, in the order of the answers."""
    shown = [message.text for message in town.slack.visible(room) if message.is_bot]
    return [line for text in shown for line in text.splitlines() if " number " in line]


async def all_answered(town: Town, asked: Mapping[Channel, list[str]]) -> None:
    """Wait until there are as many answers as questions; they are told apart by what they repeat."""
    await town.slack.until(
        lambda: all(len(answered(town, room)) >= len(questions) for room, questions in asked.items())
    )


def assert_once(town: Town, asked: Mapping[Channel, list[str]], *, in_order: bool = True) -> None:
    """Each question got one answer and no error; not `in_order`: some were delivered anew by their platform."""
    for room, questions in asked.items():
        repeated = [line.removeprefix("> ") for line in answered(town, room)]
        assert (repeated if in_order else sorted(repeated)) == questions, repeated
        assert not any("went wrong" in message.text for message in town.slack.visible(room))
