"""The contract suite on every frontend that we have."""

from __future__ import annotations

import asyncio
import io
import time
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from pydantic import SecretStr

from bots.discord.frontend import open_discord
from bots.discord.settings import DiscordSettings
from bots.slack.frontend import open_slack
from bots.slack.settings import SlackSettings
from bots.terminal.frontend import TerminalFrontend
from tests.contracts import FrontendContract, Venue
from tests.discord_listening import FAST, discord_at_hand
from tests.platforms.discord import Channel as DiscordChannel
from tests.platforms.discord import FakeDiscord
from tests.platforms.slack import Channel, FakeSlack, Person, Shown
from tests.platforms.slack.blocks import pressable

HASTE = 200.0


def hasty_now() -> float:
    """A clock on which a platform's seconds pass in no time."""
    return time.monotonic() * HASTE


async def hasty_sleep(seconds: float) -> None:
    await asyncio.sleep(seconds / HASTE)


class TestConsole(FrontendContract):
    @pytest.fixture
    def venue(self) -> Venue:
        typed: asyncio.Queue[str] = asyncio.Queue()
        screen = io.StringIO()

        async def lines() -> AsyncIterator[str]:
            while True:  # no deadline: a person who says nothing more
                yield await typed.get()  # no deadline: likewise

        return Venue(
            TerminalFrontend(lines(), screen, user="ana"),
            say=typed.put,
            visible=screen.getvalue,
            private=True,
            can_sign=False,
            remembers=False,
        )


@pytest.fixture
async def slack() -> AsyncIterator[FakeSlack]:
    async with FakeSlack() as fake:
        yield fake


def slack_buttons(slack: FakeSlack, channel: Channel) -> dict[str, tuple[Shown, str]]:
    """By label: the message below which a button stands, and its id."""
    return {
        element["text"]["text"]: (message, element["action_id"])
        for message in slack.visible(channel)
        for _, element in pressable([dict(block) for block in message.blocks])
    }


def slack_press(slack: FakeSlack, person: Person, channel: Channel) -> Callable[[str], Awaitable[object]]:
    return lambda label: slack.click(person, *slack_buttons(slack, channel)[label])


def slack_settings(slack: FakeSlack) -> SlackSettings:
    return SlackSettings(
        bot_token=SecretStr(slack.bot_token), app_token=SecretStr(slack.app_token), api_url=slack.api_url
    )


class TestSlackDirectMessage(FrontendContract):
    @pytest.fixture
    async def venue(self, slack: FakeSlack) -> AsyncIterator[Venue]:
        ana = slack.person("ana")
        direct = slack.dm(ana)
        async with open_slack(slack_settings(slack), now=hasty_now, sleep=hasty_sleep) as frontend:
            yield Venue(
                frontend,
                say=lambda words: slack.say(ana, direct, words),
                visible=lambda: "\n".join(
                    part for m in slack.visible(direct) if m.is_bot for part in (m.text, m.footer) if part
                ),
                private=True,
                buttons=lambda: list(slack_buttons(slack, direct)),
                press=slack_press(slack, ana, direct),
            )


class TestSlackChannel(FrontendContract):
    @pytest.fixture
    async def venue(self, slack: FakeSlack) -> AsyncIterator[Venue]:
        ana = slack.person("ana")
        general = slack.channel("general", [ana])
        async with open_slack(slack_settings(slack), now=hasty_now, sleep=hasty_sleep) as frontend:
            yield Venue(
                frontend,
                say=lambda words: slack.say(ana, general, f"{slack.mention} {words}"),
                visible=lambda: "\n".join(m.text for m in slack.visible(general) if m.is_bot),
                private=False,
                buttons=lambda: list(slack_buttons(slack, general)),
                press=slack_press(slack, ana, general),
            )


class TestSlackWithoutStreams(TestSlackDirectMessage):
    @pytest.fixture
    async def slack(self) -> AsyncIterator[FakeSlack]:
        async with FakeSlack(streams="unknown_method") as fake:
            yield fake


def discord_buttons(fake: FakeDiscord, channel: DiscordChannel) -> dict[str, tuple[int, str]]:
    """By label: the message below which a button stands, and its id."""
    return {
        button.label: (seen.id, button.custom_id or "")
        for seen in fake.answers(channel)
        for button in seen.buttons
    }


class TestDiscord(FrontendContract):
    @pytest.fixture
    async def venue(self) -> AsyncIterator[Venue]:
        async with discord_at_hand() as fake:
            lobby, ben = fake.channel(fake.guild("Gophers"), "lobby"), fake.person("ben")
            settings = DiscordSettings(token=SecretStr(fake.token), api_url=fake.api_url)
            async with open_discord(settings, FAST) as frontend:
                yield Venue(
                    frontend,
                    say=lambda words: fake.say(ben, lobby, f"{fake.bot.mention} {words}"),
                    visible=lambda: "\n".join(seen.content for seen in fake.answers(lobby, ben)),
                    private=False,
                    buttons=lambda: list(discord_buttons(fake, lobby)),
                    press=lambda label: fake.click(ben, *discord_buttons(fake, lobby)[label]),
                )
