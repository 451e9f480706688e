"""Learning over the wires: from a message's menu on both platforms, and by Discord's command."""

from __future__ import annotations

import asyncio
from typing import Any

from sandbox.server import serve
from tests.platforms.discord import FakeDiscord, Upload
from tests.platforms.slack import FakeSlack
from tests.slack_ears import hasty_now, hasty_sleep, settings_at
from tests.slack_ways import answering
from tests.stage import Stage
from tests.test_discord_whole import House, running
from tests.test_learn import handbook, keeper_of
from tests.test_slack_whole import Town
from tests.waiting import soon

LONG = "The code of the locker is 4711, and nobody is to tell it to anybody else who does not work in this house."


async def test_slack_s_menu_learns_a_message_s_files_else_its_thread(slack: FakeSlack, url: str) -> None:
    ana, ben = slack.person("ana"), slack.person("ben")
    async with serve(plan="max", balance=100.0) as sandbox:
        collection = sandbox.state.knowledge.library.create("handbooks", 0.0)
        program = {
            "operators": {"slack_users": [ana.id]},
            "knowledge": {"learn_into": collection.id, "learn_wait_s": 0.0},
        }
        pace: dict[str, Any] = {"now": hasty_now, "sleep": hasty_sleep}
        async with answering(slack, url, sandbox, settings_at(slack), program=program, **pace) as (
            here,
            core,
        ):
            there = Town(slack, sandbox, here, core)
            there.ana, there.general = ana, slack.channel("harbour", [ana, ben])
            file = slack.file("handbook.pdf", handbook(2), "application/pdf")
            with_file = await slack.say(ben, there.general, "look at this", files=[file])
            words = await slack.say(ben, there.general, LONG)
            await slack.shortcut(ben, there.general, with_file, "learn")
            await there.says(there.general, "Only the people who run me", with_file)
            await slack.shortcut(ana, there.general, with_file, "learn")
            await there.says(there.general, "pieces: 2", with_file)
            await slack.shortcut(ana, there.general, words, "learn")
            await there.says(there.general, "pieces: 1", words)
            texts = " ".join(each.contents for each in collection.documents.values())
            await slack.edit(ben, there.general, words, LONG.replace("4711", "1984"))
            await slack.until(lambda: not slack.unacked)
            await keeper_of(core).carry_on()
            anew = " ".join(each.contents for each in collection.documents.values())
            await slack.command(ana, there.general, "/aivax", "learnt")
            listed = await there.says(there.general, "/archives/")
            await slack.delete(ben, there.general, with_file)
            await slack.until(lambda: not slack.unacked)
            await keeper_of(core).carry_on()

            assert "4711" in texts
            assert ("1984" in anew, "4711" in anew) == (True, False)
            assert f"/archives/{there.general.id}/p{with_file.replace('.', '')}" in listed.text
            assert len(collection.documents) == 1


async def _wanted(stage: Stage, what: str) -> None:
    async with asyncio.timeout(60):
        while await stage.rows(f"SELECT count(*) FROM learnt WHERE wanted = '{what}'") != [1]:  # noqa: ASYNC110, S608
            await asyncio.sleep(0.02)


async def test_discord_s_menu_and_command_learn_and_list_with_links(discord: FakeDiscord, url: str) -> None:
    guild = discord.guild("Gophers")
    lobby, ana, ben = discord.channel(guild, "lobby"), discord.person("ana"), discord.person("ben")
    async with serve(plan="max", balance=100.0) as sandbox:
        collection = sandbox.state.knowledge.library.create("handbooks", 0.0)
        sections: dict[str, Any] = {
            "operators": {"discord_users": [str(ana.id)]},
            "knowledge": {"learn_into": collection.id, "learn_wait_s": 0.0},
        }
        async with running(discord, url, sandbox=sandbox, **sections) as stage:
            house = House(discord, stage, lobby, ana)
            file = Upload("rules.pdf", handbook(2), "application/pdf")
            shared = await discord.say(ben, lobby, "look at this", attachments=[file])
            words = await discord.say(ben, lobby, LONG)
            await discord.message_command(ana, shared, "Learn this")
            await house.seen("`rules.pdf`: pieces: 2")
            await discord.message_command(ana, words, "Learn this")
            await house.seen("pieces: 1")
            handed = Upload("handbook.pdf", handbook(3), "application/pdf")
            await discord.interact(ana, lobby, "learn", {"file": handed})
            told = await house.seen("`handbook.pdf`: pieces: 3")
            await discord.interact(ana, lobby, "learnt")
            listed = await house.seen("https://discord.com/")
            texts = [each.contents for each in collection.documents.values()]
            await discord.edit(ben, words, LONG.replace("4711", "1984"))
            await soon("the edit to be heard", _wanted(stage, "again"))
            await keeper_of(stage.core).carry_on()
            anew = " ".join(each.contents for each in collection.documents.values())
            await discord.delete(ben, shared)
            await soon("the deletion to be heard", _wanted(stage, "forget"))
            await keeper_of(stage.core).carry_on()

            assert told.private
            assert len(texts) == 6
            assert any("4711" in text for text in texts)
            assert ("1984" in anew, "4711" in anew) == (True, False)
            assert f"https://discord.com/channels/{guild.id}/{lobby.id}/{shared.id}" in listed.content
            assert not any("rules.pdf" in each.contents for each in collection.documents.values())


def spoken(number: int) -> str:
    return f"Locker {number} has the code c{number}x, and so it goes on until there are words enough for a piece of it."


async def test_slack_s_channel_is_learnt_from_its_newest_messages(slack: FakeSlack, url: str) -> None:
    ana = slack.person("ana")
    async with serve(plan="max", balance=100.0) as sandbox:
        collection = sandbox.state.knowledge.library.create("talk", 0.0)
        program = {
            "operators": {"slack_users": [ana.id]},
            "knowledge": {"learn_into": collection.id, "learn_wait_s": 0.0},
        }
        pace: dict[str, Any] = {"now": hasty_now, "sleep": hasty_sleep}
        async with answering(slack, url, sandbox, settings_at(slack), program=program, **pace) as (
            here,
            core,
        ):
            there = Town(slack, sandbox, here, core)
            there.ana, there.general = ana, slack.channel("harbour", [ana])
            stamps = [await slack.say(ana, there.general, spoken(number)) for number in range(4)]
            ts = await slack.say(ana, there.general, "<@BOT> learn channel 2 Talk")
            await there.says(there.general, "`Talk`: pieces: 1", ts)
            links = await there.rows("SELECT link FROM learnt")
            texts = " ".join(each.contents for each in collection.documents.values())

    assert texts.index("c2x") < texts.index("c3x")
    assert "c1x" not in texts
    assert [link.endswith(f"p{stamps[2].replace('.', '')}") for link in links] == [True]


async def test_discord_s_channel_is_learnt_page_by_page(discord: FakeDiscord, url: str) -> None:
    lobby, ana = discord.channel(discord.guild("Gophers"), "lobby"), discord.person("ana")
    async with serve(plan="max", balance=100.0) as sandbox:
        collection = sandbox.state.knowledge.library.create("talk", 0.0)
        sections: dict[str, Any] = {
            "operators": {"discord_users": [str(ana.id)]},
            "knowledge": {"learn_into": collection.id, "learn_wait_s": 0.0},
        }
        async with running(discord, url, sandbox=sandbox, **sections) as stage:
            house = House(discord, stage, lobby, ana)
            for number in range(120):
                await discord.say(ana, lobby, spoken(number))
            await discord.interact(ana, lobby, "learn", {"words": "channel 110 Talk"})
            await house.seen("`Talk`: pieces:")
            await stage.rest()
            count = await stage.rows("SELECT count(*) FROM learnt_messages")
            texts = " ".join(each.contents for each in collection.documents.values())

    assert count == [110]
    assert "c9x" not in texts
    assert texts.index("c10x") < texts.index("c119x")
