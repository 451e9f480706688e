"""Ours and a bare bot on platforms of their own, asked the same by turns."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

from tests.platforms.discord import FakeDiscord
from tests.platforms.slack import FakeSlack

from .gateway import answer_of, script
from .platforms import CONFIG, OnDiscord, OnSlack, Way, answered
from .programs import Gateway, Program, program, together

PIECES, PER_S = 200, 200
"""An answer of 200 chunks, some 1,300 characters, within a second."""
WARM = 1
"""Turns before the first that counts: connections, statements and caches are made once."""


@asynccontextmanager
async def on_discord(places: int) -> AsyncIterator[OnDiscord]:
    """A Discord with nobody else on it."""
    async with FakeDiscord() as fake:
        yield OnDiscord(fake, places)


@asynccontextmanager
async def on_slack(places: int, *, direct: bool) -> AsyncIterator[Way]:
    """A Slack with nobody else on it."""
    async with FakeSlack() as fake:
        yield OnSlack(fake, places, direct=direct)


Open = Callable[[int], AbstractAsyncContextManager[Way]]


@asynccontextmanager
async def ours(
    way: Way, gateway: Gateway, folder: Path, *arguments: str, storage: str = "", more: str = ""
) -> AsyncIterator[Program]:
    """`aivax-bots run` with the settings that it comes with, once it is ready.

    `more`: lines of configuration that follow those of `[storage]`.
    """
    folder.mkdir(exist_ok=True)
    url = storage or f"sqlite+aiosqlite:///{folder}/bot.sqlite3"
    (folder / "config.toml").write_text(CONFIG.format(aivax=gateway.url, storage=url) + more + way.config)
    async with program("-m", "bots", "run", *arguments, cwd=folder, log=folder / "ours.log") as running:
        await running.told("ready")
        yield running


@asynccontextmanager
async def bare(way: Way, gateway: Gateway, folder: Path) -> AsyncIterator[Program]:
    """The bare bot of this platform, once it is ready."""
    env = {**way.env, "AIVAX": gateway.url}
    module = f"benchmarks.baselines.{way.baseline}"
    async with program("-m", module, log=folder / "bare.log", env=env) as running:
        await running.told("ready")
        yield running


class Side:
    """One of the two bots, with the platform that it is on."""

    def __init__(self, way: Way, bot: Program) -> None:
        self._way, self._bot = way, bot

    async def turns_ms(self, numbers: range, *, at_once: bool) -> float:
        """The CPU of one turn in milliseconds, all that is done after it was answered included."""
        before_s = await self._bot.quiet()
        if at_once:
            await self._round(numbers)
        else:
            for each in numbers:
                await self._round(range(each, each + 1))
        return (await self._bot.quiet() - before_s) / len(numbers) * 1000

    async def _round(self, numbers: range) -> None:
        async with asyncio.TaskGroup() as group:
            for each in numbers:
                group.create_task(self._way.ask(each, script(PIECES, PER_S)))
        await answered(self._way, numbers, answer_of(PIECES))


@asynccontextmanager
async def contest(
    opened: Open, gateway: Gateway, folder: Path, *, places: int
) -> AsyncIterator[tuple[Side, Side]]:
    """Both bots, each on a platform of its own and warm; ours first."""
    async with (
        opened(places) as here,
        opened(places) as there,
        together(ours(here, gateway, folder), bare(there, gateway, folder)) as bots,
    ):
        sides = Side(here, bots[0]), Side(there, bots[1])
        await asyncio.gather(*(each.turns_ms(range(WARM), at_once=False) for each in sides))
        yield sides
