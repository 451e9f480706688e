"""What is for one person's eyes, over each platform's wire: `account`, `memory`, and `forget` in mid-answer."""

from __future__ import annotations

from typing import Any

from core.rights.memory import MemoryHandler
from core.rights.settings import MemorySettings
from sandbox.faults import Fault
from sandbox.server import serve
from tests.platforms.discord import FakeDiscord
from tests.platforms.slack import FakeSlack
from tests.slack_ears import hasty_now, hasty_sleep, settings_at
from tests.slack_ways import answering
from tests.test_discord_whole import House, running
from tests.test_erasure import SECRET
from tests.test_rights_memory import Drawer
from tests.test_slack_whole import Town


async def test_slack_shows_the_account_to_an_operator_alone(slack: FakeSlack, url: str) -> None:
    ana, ben = slack.person("ana"), slack.person("ben")
    program = {"account": {"enabled": True}, "operators": {"slack_users": [ana.id]}}
    pace: dict[str, Any] = {"now": hasty_now, "sleep": hasty_sleep, "program": program}
    async with (
        serve(plan="max", balance=5.0) as sandbox,
        answering(slack, url, sandbox, settings_at(slack), **pace) as (here, core),
    ):
        there = Town(slack, sandbox, here, core)
        there.ana, there.general = ana, slack.channel("harbour", [ana, ben])
        await slack.command(ana, there.general, "/aivax", "account")
        told = await there.says(there.general, "Balance: $")
        await slack.command(ben, there.general, "/aivax", "account")
        denied = await there.says(there.general, "Only")
        await slack.command(ana, there.general, "/aivax", f"block <@{ben.id}|ben>")
        blocked = await there.says(there.general, "any more")

        assert told.only_to == ana.id
        assert denied.only_to == ben.id
        assert (blocked.only_to, ben.id in blocked.text) == (ana.id, True)
        assert not [each for each in slack.visible(there.general, to=ben) if "Balance" in each.text]


async def test_discord_shows_the_account_to_an_operator_alone(discord: FakeDiscord, url: str) -> None:
    lobby, ana = discord.channel(discord.guild("Gophers"), "lobby"), discord.person("ana")
    settings = {"account": {"enabled": True}, "operators": {"discord_users": [str(ana.id)]}}
    async with running(discord, url, **settings) as stage:
        await discord.interact(ana, lobby, "account")
        seen = await House(discord, stage, lobby, ana).seen("Balance: $")

        assert seen.private
        assert not discord.answers(lobby)


async def test_discord_shows_what_is_remembered_to_its_owner_alone(discord: FakeDiscord, url: str) -> None:
    lobby, ana = discord.channel(discord.guild("Gophers"), "lobby"), discord.person("ana")
    drawer = Drawer()
    handlers = [MemoryHandler(drawer, drawer, MemorySettings(enabled=True))]
    async with running(discord, url, handlers=handlers) as stage:
        house = House(discord, stage, lobby, ana)
        await discord.interact(ana, lobby, "memory")
        seen = await house.seen("likes tea")
        await house.mention("memory")
        aloud = await house.seen("Others can read here.")

        assert seen.private
        assert not aloud.private
        assert not [each for each in discord.answers(lobby) if "likes tea" in each.content]
        assert len(drawer.asked) == 1


async def test_discord_forgets_in_mid_answer(discord: FakeDiscord, url: str) -> None:
    lobby, ana = discord.channel(discord.guild("Gophers"), "lobby"), discord.person("ana")
    async with running(discord, url) as stage:
        house = House(discord, stage, lobby, ana)
        stage.sandbox.state.faults.add(Fault("completions", "silence", after_chunks=3))
        await house.mention(SECRET)
        await house.begun()
        await house.mention("forget everything")
        await house.seen("I've deleted the texts of your questions (1)")
        await stage.rest()

        assert not [each for each in await stage.rows("SELECT text FROM messages") if "7731" in each]
        assert not [each for each in await stage.rows("SELECT answer FROM turns") if "7731" in (each or "")]
