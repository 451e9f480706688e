"""The tests' own Discord and Slack, in the process that measures, and how a turn is asked for on each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Protocol

from tests.platforms.discord import FakeDiscord
from tests.platforms.slack import FakeSlack
from tests.waiting import until

from .programs import WITHIN_S

CONFIG = """
[aivax]
base_url = "{aivax}"
api_key = "sk-aiv-acc-sandbox"
model = "sandbox:50c3"

[storage]
url = "{storage}"
"""
SLACK = """
[slack]
bot_token = "{bot_token}"
app_token = "{app_token}"
api_url = "{api_url}"
"""
DISCORD = """
[discord]
token = "{token}"
api_url = "{api_url}"
"""


class Way(Protocol):
    """One way in which people ask on a platform: so many places, each with a person of its own."""

    name: str
    baseline: str
    """The bare bot to compare with."""
    config: str
    """The platform's section of our configuration; all else is as it comes."""
    env: Mapping[str, str]
    """What the bare bot is told of the platform."""

    async def ask(self, number: int, question: str) -> None:
        """Have the person of a place ask there."""

    def said(self, number: int) -> str:
        """What the bot has said at a place since it was asked there last: all its messages, joined."""


class OnDiscord:
    """Mentions in channels of one server."""

    name, baseline = "Discord", "discord_bot"

    def __init__(self, fake: FakeDiscord, places: int) -> None:
        self._fake = fake
        guild = fake.guild("Gophers")
        self._rooms = [fake.channel(guild, f"room{each}") for each in range(places)]
        self._people = [fake.person(f"person{each}") for each in range(places)]
        self._asked: dict[int, int] = {}
        self.config = DISCORD.format(token=fake.token, api_url=fake.api_url)
        self.env: Mapping[str, str] = {
            "DISCORD_TOKEN": fake.token,
            "DISCORD_API": fake.api_url,
            "DISCORD_GATEWAY": fake.gateway_url,
        }

    async def ask(self, number: int, question: str) -> None:
        said = await self._fake.say(
            self._people[number], self._rooms[number], f"{self._fake.bot.mention} {question}"
        )
        self._asked[number] = said.id

    def said(self, number: int) -> str:
        shown = self._fake.answers(self._rooms[number])
        return "".join(each.content for each in shown if each.id > self._asked[number])

    def calls(self) -> Counter[str]:
        """How often the bot has called each route so far."""
        return Counter(each.route for each in self._fake.calls)


class OnSlack:
    """Mentions in channels, or direct messages."""

    baseline = "slack_bot"

    def __init__(self, fake: FakeSlack, places: int, *, direct: bool) -> None:
        self.name = "Slack DM" if direct else "Slack mention"
        self._fake, self._direct = fake, direct
        self._people = [fake.person(f"person{each}") for each in range(places)]
        self._rooms = [
            fake.dm(person) if direct else fake.channel(f"room{each}", [person])
            for each, person in enumerate(self._people)
        ]
        self._asked: dict[int, str] = {}
        tokens = {"bot_token": fake.bot_token, "app_token": fake.app_token, "api_url": fake.api_url}
        self.config = SLACK.format(**tokens)
        self.env: Mapping[str, str] = {
            f"SLACK_{name.upper().replace('_URL', '')}": value for name, value in tokens.items()
        }

    async def ask(self, number: int, question: str) -> None:
        words = question if self._direct else f"{self._fake.mention} {question}"
        self._asked[number] = await self._fake.say(self._people[number], self._rooms[number], words)

    def said(self, number: int) -> str:
        room, asked = self._rooms[number], self._asked[number]
        seen = self._fake.visible(room, asked) + (self._fake.visible(room) if self._direct else [])
        texts = {each.ts: each.text for each in seen if each.is_bot and each.ts > asked}
        return "".join(texts[ts] for ts in sorted(texts))


async def answered(
    way: Way, numbers: range, answer: str, within_s: float = WITHIN_S, *, told_before: bool = False
) -> None:
    """Wait until each of these places shows the answer, to the letter. Raises AssertionError where one never does.

    `told_before`: a sentence of the bot's own may stand before it.
    """
    left = set(numbers)

    def is_it(said: str) -> bool:
        return said == answer or (told_before and said.endswith(answer) and said.count(answer) == 1)

    def is_whole() -> bool:
        left.difference_update(each for each in [*left] if is_it(way.said(each)))
        return not left

    try:
        await until(f"{way.name} to show the answer", is_whole, within_s, every_s=0.02)
    except AssertionError as error:
        raise AssertionError(f"{error}; {len(left)} lack it, one says: {way.said(min(left))!r}") from None
