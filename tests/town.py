"""Both platforms and the sandbox in this process, and `aivax-bots run` in processes of its own against them."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from sandbox.server import Sandbox
from tests.platforms.discord import FakeDiscord
from tests.platforms.slack import Channel, FakeSlack, Person
from tests.programs import PIPE, PROJECT, Program, forker
from tests.waiting import soon

ENVIRONMENT = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(PROJECT)}
CONFIG = """
[aivax]
base_url = "{aivax}/v1"
api_key = "sk-aiv-acc-sandbox"
model = "sandbox:50c3"
tries = 1

[storage]
url = "{storage}"

[slack]
bot_token = "{slack_bot}"
app_token = "{slack_app}"
api_url = "{slack_api}"
reconnect_after_s = 3

[discord]
token = "{discord_token}"
api_url = "{discord_api}"
reconnect_after_s = 3
"""


class Bot:
    """A running `aivax-bots run`."""

    def __init__(self, process: asyncio.subprocess.Process | Program) -> None:
        self.process = process
        self.log: list[str] = []
        self._told = asyncio.Event()
        self._reader = asyncio.create_task(self._read_log())

    async def line(self) -> str:
        """The next line on standard output; empty at its end."""
        assert self.process.stdout is not None
        return (await soon("self.process.stdout.readline()", self.process.stdout.readline())).decode()

    async def says(self, words: str, within_s: float = 30) -> None:
        """Wait for a line of the log."""
        async with asyncio.timeout(within_s):
            while not any(words in line for line in self.log):
                self._told.clear()
                await self._told.wait()

    async def stop(self, number: int = signal.SIGTERM) -> int:
        if self.process.returncode is None:
            self.process.send_signal(number)
        status = await soon("self.process", self.process.wait())
        await self._reader
        return status

    async def _read_log(self) -> None:
        assert self.process.stderr is not None
        async for line in self.process.stderr:
            self.log.append(line.decode())
            self._told.set()


@asynccontextmanager
async def running(
    folder: Path,
    config: str,
    *arguments: str,
    open_files: int | None = None,
    fresh: bool = False,
    environment: Mapping[str, str] | None = None,
) -> AsyncIterator[Bot]:
    """`aivax-bots run` in a folder of its own. `fresh`, or with more `environment`: an interpreter from nothing."""
    environment = {**ENVIRONMENT, **(environment or {})}
    (folder / "config.toml").write_text(config)
    if fresh or environment != ENVIRONMENT:
        pipe = asyncio.subprocess.PIPE
        command = (sys.executable, "-m", "bots", "run", *arguments)
        process: Any = await asyncio.create_subprocess_exec(
            *command, cwd=folder, env=environment, stdout=pipe, stderr=pipe
        )
    else:
        process = await forker().start(
            "run",
            *arguments,
            cwd=folder,
            env=ENVIRONMENT,
            files=(PIPE, PIPE, PIPE),
            open_files=open_files,
        )
    bot = Bot(process)
    try:
        yield bot
    finally:
        if process.returncode is None:
            process.kill()
        await bot.stop()


class Town:
    """Both platforms and the sandbox, and a config that points at them."""

    def __init__(self, slack: FakeSlack, discord: FakeDiscord, sandbox: Sandbox, storage: str) -> None:
        self.slack, self.discord, self.sandbox = slack, discord, sandbox
        self.values: dict[str, Any] = {
            "aivax": sandbox.base_url,
            "storage": storage,
            "slack_bot": slack.bot_token,
            "slack_app": slack.app_token,
            "slack_api": slack.api_url,
            "discord_token": discord.token,
            "discord_api": discord.api_url,
        }
        self.ana = slack.person("ana")
        self.general = slack.channel("general", [self.ana])
        self.guild = discord.guild("Gophers")
        self.lobby = discord.channel(self.guild, "lobby")
        self.ben = discord.person("ben")

    def config(self, **changes: str) -> str:
        return CONFIG.format(**{**self.values, **changes})

    async def ask_on_slack(
        self,
        words: str,
        person: Person | None = None,
        channel: Channel | None = None,
        *,
        answer: str | None = None,
    ) -> str:
        """Mention the bot in a channel, as Ana in #general if nothing else is told, and wait for its whole answer.

        `answer`: what stands in the answer, where that is not what was said.
        """
        place = channel or self.general
        ts = await self.slack.say(person or self.ana, place, f"{self.slack.mention} {words}")
        answers = await self.slack.until(lambda: self._slack_answer(place, ts, answer or words))
        return str(answers)

    async def ask_on_discord(self, words: str) -> str:
        await self.discord.say(self.ben, self.lobby, f"<@{self.discord.bot.id}> {words}")

        def answered() -> bool:
            return any(words in answer.content for answer in self.discord.answers(self.lobby))

        await self.discord.until(answered)
        return next(a.content for a in self.discord.answers(self.lobby) if words in a.content)

    def _slack_answer(self, channel: Channel, ts: str, words: str) -> str:
        shown = [m.text for m in self.slack.visible(channel, ts) if m.is_bot]
        return "\n".join(shown) if any(words in text for text in shown) else ""
