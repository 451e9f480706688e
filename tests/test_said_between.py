"""A channel is read for a span of time, over the wires of both platforms."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from core.domain import ChannelMessage, PlaceClosed, PlatformError
from tests.discord_listening import discord_at_hand, online
from tests.platforms.discord import FakeDiscord, Permission
from tests.platforms.slack import FakeSlack
from tests.slack_ears import ears

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
WORDS = ("we ship on Friday", "lançamos na sexta")


def texts(found: list[ChannelMessage]) -> list[str]:
    return [each.quote.text for each in found]


@pytest.fixture
async def discord() -> AsyncIterator[FakeDiscord]:
    async with discord_at_hand() as fake:
        yield fake


@pytest.fixture
async def slack() -> AsyncIterator[FakeSlack]:
    async with FakeSlack() as fake:
        yield fake


def at(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


async def test_discord_s_span_is_read_page_by_page_and_its_messages_are_linked(discord: FakeDiscord) -> None:
    guild, alice = discord.guild("Gophers"), discord.person("alice")
    general = discord.channel(guild, "general")
    await discord.say(alice, general, "too early")
    discord.clock.advance(10)
    since = at(discord.clock.now())
    discord.clock.advance(1)
    for number in range(2_000):
        await discord.say(alice, general, f"{WORDS[number % 2]} {number}")
    await discord.say(discord.bot, general, "an answer")
    gone = await discord.say(alice, general, "deleted")
    await discord.delete(alice, gone)
    discord.clock.advance(10)
    until = at(discord.clock.now())
    discord.clock.advance(1)
    await discord.say(alice, general, "too late")
    async with online(discord) as here:
        address = here.frontend.address_of(str(general.id))
        found = list(await here.frontend.said_between(address, since, until, 3_000))
        newest = list(await here.frontend.said_between(address, since, until, 3))
        link = await here.frontend.link(found[0].address, found[0].quote.origin)

    assert texts(found) == [*(f"{WORDS[n % 2]} {n}" for n in range(2_000)), "an answer"]
    assert [each.by_bot for each in found[-2:]] == [False, True]
    assert texts(newest) == [f"{WORDS[0]} 1998", f"{WORDS[1]} 1999", "an answer"]
    assert found[0].at >= since
    assert link == f"https://discord.com/channels/{guild.id}/{general.id}/{found[0].quote.origin}"


async def test_a_discord_channel_that_can_t_be_seen_is_no_quiet_one(discord: FakeDiscord) -> None:
    general = discord.channel(discord.guild("Gophers"), "general")
    discord.deny(general, Permission.VIEW_CHANNEL)
    async with online(discord) as here:
        address = here.frontend.address_of(str(general.id))
        with pytest.raises(PlaceClosed):
            await here.frontend.said_between(address, LONG_AGO, at(discord.clock.now()), 10)


async def test_slack_s_span_is_read_with_its_threads_and_its_messages_are_linked(slack: FakeSlack) -> None:
    ana = slack.person("ana")
    general = slack.channel("general", [ana])
    await slack.say(ana, general, "too early")
    slack.clock.advance(10)
    since = at(slack.clock.now())
    slack.clock.advance(2)
    for number in range(230):
        await slack.say(ana, general, f"{WORDS[number % 2]} {number}")
        slack.clock.advance(1)
    root = await slack.say(ana, general, "a question")
    await slack.say(ana, general, "an answer in its thread", thread_ts=root)
    slack.clock.advance(1)
    gone = await slack.say(ana, general, "deleted")
    await slack.delete(ana, general, gone)
    slack.clock.advance(10)
    until = at(slack.clock.now())
    slack.clock.advance(2)
    await slack.say(ana, general, "too late", thread_ts=root)
    async with ears(slack) as here:
        address = here.frontend.address_of(general.id)
        found = list(await here.frontend.said_between(address, since, until, 1_000))
        newest = list(await here.frontend.said_between(address, since, until, 2))
        link = await here.frontend.link(found[-1].address, found[-1].quote.origin)

    assert texts(found) == [
        *(f"{WORDS[n % 2]} {n}" for n in range(230)),
        "a question",
        "an answer in its thread",
    ]
    assert texts(newest) == ["a question", "an answer in its thread"]
    assert found[0].quote.author_name.casefold() == "ana"
    assert all(since <= each.at < until for each in found)
    assert f"/archives/{general.id}/p{found[-1].quote.origin.replace('.', '')}" in link


async def test_a_slack_channel_without_the_bot_is_no_quiet_one(slack: FakeSlack) -> None:
    general = slack.channel("general", [slack.person("ana")], bot=False)
    async with ears(slack) as here:
        address = here.frontend.address_of(general.id)
        with pytest.raises(PlatformError):
            await here.frontend.said_between(address, LONG_AGO, LONG_AGO + timedelta(days=9_000), 10)
