"""A direct message in a Slack on loopback, in which somebody asked something: where answers are shown to be seen."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from bots.slack.events.address import Address
from bots.slack.frontend import SlackFrontend, open_slack
from bots.slack.settings import SlackSettings
from core.domain import Ledger, ReplySurface
from tests.fakes import FakeLedger
from tests.platforms.slack import Channel, FakeSlack, Person, Shown


class Time:
    """A clock of which short sleeps take no time, and long ones end when the test lets time pass."""

    def __init__(self) -> None:
        self._now = 1000.0
        self._passed = asyncio.Event()

    def now(self) -> float:
        return self._now

    async def sleep(self, seconds: float) -> None:
        until = self._now + seconds
        if seconds <= 5.5:
            self._now = until
            await asyncio.sleep(0)
        while self._now < until:  # no deadline: the test lets time pass
            await self._passed.wait()  # no deadline: likewise

    def advance(self, seconds: float) -> None:
        self._now += seconds
        passed, self._passed = self._passed, asyncio.Event()
        passed.set()


class Stage:
    """A person's direct message with the bot, in which a question was asked."""

    def __init__(
        self, slack: FakeSlack, slackbot: SlackFrontend, time: Time, asker: Person, dm: Channel
    ) -> None:
        self.slack = slack
        self.bot = slackbot
        self.time = time
        self.asker = asker
        self.dm = dm
        self.ts = ""

    async def ask(self, text: str = "hi") -> None:
        self.ts = await self.slack.say(self.asker, self.dm, text)

    def address(self, **more: Any) -> str:
        told = {
            "channel": self.dm.id,
            "team": self.slack.workspace.id,
            "thread": self.ts,
            "question": self.ts,
        }
        told |= {"user": self.asker.id, "user_team": self.asker.team_id}
        return str(Address(**{**told, "direct": True, **more}))

    def surface(self, ledger: Ledger | None = None, **more: Any) -> ReplySurface:
        return self.bot.reply_to(self.address(**more), ledger or FakeLedger())

    @property
    def answers(self) -> list[Shown]:
        return [shown for shown in self.slack.visible(self.dm, self.ts) if shown.is_bot]

    @property
    def text(self) -> str:
        return "".join(shown.text for shown in self.answers)

    async def seen(self, text: str) -> None:
        await self.slack.until(lambda: self.text == text)

    async def in_channel(self) -> Channel:
        """Ask in a channel instead."""
        self.dm = self.slack.channel("general", [self.asker])
        await self.ask("<@BOT> hi")
        return self.dm

    def pass_time(self, seconds: float) -> None:
        self.slack.clock.advance(seconds)
        self.time.advance(seconds)


@asynccontextmanager
async def bot_at(slack: FakeSlack, time: Time, **settings: Any) -> AsyncIterator[SlackFrontend]:
    given = {"bot_token": slack.bot_token, "app_token": slack.app_token, "api_url": slack.api_url, **settings}
    async with open_slack(SlackSettings(**given), now=time.now, sleep=time.sleep) as frontend:
        yield frontend


@asynccontextmanager
async def staged(**settings: Any) -> AsyncIterator[Stage]:
    time = Time()
    async with FakeSlack() as slack, bot_at(slack, time, **settings) as bot:
        asker = slack.person("ann")
        stage = Stage(slack, bot, time, asker, slack.dm(asker))
        await stage.ask()
        yield stage


def long_answer(paragraphs: int) -> str:
    code = "```py\n" + "".join(f"print({number})  # {'é' * 40}\n" for number in range(120)) + "```\n\n"
    return "".join(f"Paragraph {number}: {'word ' * 60}\n\n{code}" for number in range(paragraphs)).strip()


def words(text: str) -> str:
    return "".join(text.split())


def without_fences(text: str) -> str:
    return words("\n".join(line for line in text.split("\n") if not line.startswith("```")))


def forty_thousand() -> str:
    """Prose, a table and code in turns: 40,000 characters, each line known by its number."""
    pieces: list[str] = []
    number = 0
    while sum(map(len, pieces)) < 40_000:
        prose = " ".join(f"word{number}.{index} é😀" for index in range(60))
        rows = "".join(f"| row{number}.{index} | ü |\n" for index in range(12))
        code = "".join(f"    code{number}.{index} = '<@U1> & ß'\n" for index in range(40))
        pieces.append(f"## Part{number}\n\n{prose}\n\n| a | b |\n|---|---|\n{rows}\n```python\n{code}```\n\n")
        number += 1
    return "".join(pieces)[:40_000].rstrip()


MARKS = re.compile(r"(?:word|row|code|Part)\d+(?:\.\d+)?")
