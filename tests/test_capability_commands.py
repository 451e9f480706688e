"""Capabilities in each platform's own form of commands, through the whole bot."""

from __future__ import annotations

from tests.capability_doing import ALONE, ECHO, Doing, named
from tests.platforms.discord import FakeDiscord
from tests.platforms.slack import FakeSlack
from tests.test_discord_whole import House, running
from tests.test_slack_whole import town

MINE = named("mine", private=True)
FILES = named("files", "files")


async def test_slack_s_command_shows_what_is_asked_and_answers_below_it(slack: FakeSlack, url: str) -> None:
    async with town(slack, url, [Doing(ECHO)]) as there:
        await slack.command(there.ana, there.general, "/aivax", "echo what I say")
        asked = await there.says(there.general, "@ana: echo what I say")
        answer = await there.says(there.general, "echo: what I say", asked.ts)

        assert answer.only_to is None


async def test_what_is_for_one_alone_slack_shows_to_nobody_else(slack: FakeSlack, url: str) -> None:
    async with town(slack, url, [Doing(MINE)]) as there:
        await slack.command(there.ana, there.general, "/aivax", "mine a secret")
        await there.says(there.general, "echo: a secret")
        ben = slack.person("ben")

        assert not slack.visible(there.general, to=ben)
        assert await there.rows("SELECT count(*) FROM turns WHERE capability = 'mine'") == [1]


async def test_a_mention_on_slack_is_heard_as_well(slack: FakeSlack, url: str) -> None:
    async with town(slack, url, [Doing(ECHO)]) as there:
        ts = await slack.say(there.ana, there.general, "<@BOT> echo *what* I say")

        await there.says(there.general, "echo: ", ts)


async def test_discord_lists_each_as_a_command_of_its_own(discord: FakeDiscord, url: str) -> None:
    lobby, ana = discord.channel(discord.guild("Gophers"), "lobby"), discord.person("ana")
    handlers = [Doing(each) for each in (ECHO, ALONE, FILES)]
    async with running(discord, url, handlers=handlers) as stage:
        house = House(discord, stage, lobby, ana)
        listed = {each["name"]: each for each in discord.commands[None]}
        await discord.interact(ana, lobby, "echo", {"words": "what I say"})
        await house.seen("echo: what I say")
        await discord.interact(ana, lobby, "alone")
        await house.seen("echo:")

        assert [each["name"] for each in listed["echo"]["options"]] == ["words"]
        assert listed["echo"]["options"][0]["required"]
        assert not listed["alone"].get("options")
        assert [each["name"] for each in listed["files"]["options"]] == ["words", "file"]
        assert stage.times_asked == 0


async def test_what_discord_s_command_answers_only_its_author_reads(discord: FakeDiscord, url: str) -> None:
    lobby, ana = discord.channel(discord.guild("Gophers"), "lobby"), discord.person("ana")
    async with running(discord, url, handlers=[Doing(MINE)]) as stage:
        await discord.interact(ana, lobby, "mine", {"words": "a secret"})
        seen = await House(discord, stage, lobby, ana).seen("echo: a secret")

        assert seen.private
        assert not discord.answers(lobby)
