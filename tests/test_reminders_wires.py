"""Somebody is told later where they asked, and they alone are notified: over the wires of both platforms."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from sqlalchemy import update

from bots.app import Core
from core.domain import Footer, Frontend, Identity, Place
from core.scheduled.reminders.runs import ReminderRuns
from core.storage.db import reminders
from sandbox.server import serve
from tests.discord_listening import discord_at_hand, online
from tests.fakes import FakeLedger
from tests.platforms.discord import FakeDiscord
from tests.platforms.slack import FakeSlack
from tests.slack_ears import ears, hasty_now, hasty_sleep, settings_at
from tests.slack_ways import answering
from tests.test_discord_whole import House, running
from tests.test_slack_whole import Town


@pytest.fixture
async def discord() -> AsyncIterator[FakeDiscord]:
    async with discord_at_hand() as fake:
        yield fake


@pytest.fixture
async def slack() -> AsyncIterator[FakeSlack]:
    async with FakeSlack() as fake:
        yield fake


async def told(frontend: Frontend, address: str, text: str) -> None:
    async with frontend.reply_to(address, FakeLedger()) as surface:
        await surface.write(text)
        await surface.finish(Footer())


async def test_discord_notifies_who_asked_and_nobody_whom_the_words_name(discord: FakeDiscord) -> None:
    general, alice, eve = (
        discord.channel(discord.guild("Gophers"), "general"),
        discord.person("alice"),
        discord.person("eve"),
    )
    async with online(discord) as here:
        await discord.say(alice, general, f"{discord.bot.mention} remind me in 2 hours")
        heard = await here.intake.first()
        place, address = await here.frontend.reach(heard.address, heard.place, heard.author.identity)
        await told(here.frontend, address, f"call <@{eve.id}> and @everyone")
        (shown,) = [each for each in discord.visible(general) if "call" in each.content]

    assert place == heard.place
    assert shown.pings == {"@alice"}
    assert shown.content.startswith(f"<@{alice.id}> call")


async def test_what_a_command_asked_for_one_s_own_eyes_comes_as_a_direct_message(
    discord: FakeDiscord,
) -> None:
    general, alice = discord.channel(discord.guild("Gophers"), "general"), discord.person("alice")
    address = f'{{"c":{general.id},"a":1,"t":"token","i":1,"h":true,"u":{alice.id}}}'
    place = Place("discord", "1", str(general.id), f"@{alice.id}")
    async with online(discord) as here:
        who = Identity("discord", "1", str(alice.id))
        there, direct = await here.frontend.reach(address, place, who)
        await told(here.frontend, direct, "call Eve")
        shown = [each.content for each in discord.visible(discord.dm(alice))]

    assert there.private
    assert shown == ["call Eve"]


async def test_slack_notifies_who_asked_and_nobody_whom_the_words_name(slack: FakeSlack) -> None:
    ana, eve = slack.person("ana"), slack.person("eve")
    general = slack.channel("general", [ana, eve])
    async with ears(slack) as here:
        ts = await slack.say(ana, general, "<@BOT> remind me in 2 hours")
        await slack.until(lambda: bool(here.inbox.events))
        (heard,) = here.inbox.events
        place, address = await here.frontend.reach(heard.address, heard.place, heard.author.identity)
        await told(here.frontend, address, f"call <@{eve.id}> and <!channel>")
        (shown,) = [each for each in slack.visible(general, ts) if each.is_bot]

    assert place == heard.place
    assert shown.pings == (f"<@{ana.id}>",)
    assert "call" in shown.text


def runs_of(core: Core) -> ReminderRuns:
    found = (getattr(getattr(each, "func", None), "__self__", None) for each in core.upkeep)
    return next(each for each in found if isinstance(each, ReminderRuns))


async def due_now(core: Core) -> None:
    """What would come in two hours comes now."""
    async with core.database.write() as connection:
        await connection.execute(update(reminders).values(due_at=reminders.c.created_at))
    await runs_of(core).look()


async def test_on_discord_a_command_with_fields_is_remembered_and_said_in_private_as_it_was_asked(
    discord: FakeDiscord, url: str
) -> None:
    lobby, ana = discord.channel(discord.guild("Gophers"), "lobby"), discord.person("ana")
    async with running(discord, url, reminders={"enabled": True}) as stage:
        house = House(discord, stage, lobby, ana)
        (listed,) = [each for each in discord.commands[None] if each["name"] == "remind"]
        await discord.interact(ana, lobby, "remind", {"when": "in 2 hours", "what": "call Eve"})
        await house.seen("I'll remind you on")
        await due_now(stage.core)
        await house.seen("You wanted to be reminded: call Eve", discord.dm(ana))

    assert [each["name"] for each in listed["options"]] == ["when", "what", "cancel"]


async def test_on_slack_a_command_is_remembered_and_said_to_who_gave_it(slack: FakeSlack, url: str) -> None:
    ana = slack.person("ana", tz="America/Sao_Paulo")
    async with serve(plan="max", balance=100.0) as sandbox:
        pace: dict[str, Any] = {"now": hasty_now, "sleep": hasty_sleep}
        program = {"reminders": {"enabled": True}}
        async with answering(slack, url, sandbox, settings_at(slack), program=program, **pace) as (
            here,
            core,
        ):
            there = Town(slack, sandbox, here, core)
            there.ana, there.general = ana, slack.channel("harbour", [ana])
            await slack.command(ana, there.general, "/aivax", "remind me in 2 hours to call Eve")
            told = await there.says(there.general, "I'll remind you on")
            await due_now(core)
            said = await there.says(there.general, "You wanted to be reminded: call Eve")

    assert "America/Sao_Paulo" in told.text
    assert said.pings == (f"<@{ana.id}>",)
