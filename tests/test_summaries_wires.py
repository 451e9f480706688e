"""`summary` over each platform's wire: in its own form of commands, for who asks alone."""

from __future__ import annotations

from typing import Any

from sandbox.server import serve
from tests.platforms.discord import FakeDiscord
from tests.platforms.slack import FakeSlack
from tests.slack_ears import hasty_now, hasty_sleep, settings_at
from tests.slack_ways import answering
from tests.stage import Stage
from tests.test_discord_whole import House, running
from tests.test_slack_whole import Town
from tests.waiting import until

ON: dict[str, Any] = {
    "conversation": {"history_tokens": 500, "surroundings_messages": 0},
    "summaries": {"enabled": True, "after_messages": 2, "words": 50},
}
LONG = [f"say only ok fact{number} {'x' * 400}" for number in range(5)]
MADE = "SELECT text FROM summaries WHERE text <> ''"


async def answers(there: Town | Stage, count: int) -> bool:
    """Whether so many questions were answered."""
    found = await there.rows("SELECT count(*) FROM turns WHERE state = 'answered' AND NOT notice")
    return bool(found == [count])


async def test_slack_s_command_shows_the_summary_of_a_thread_to_who_wrote_there_alone(
    slack: FakeSlack, url: str
) -> None:
    pace: dict[str, Any] = {"now": hasty_now, "sleep": hasty_sleep, "program": ON}
    async with (
        serve(plan="max") as sandbox,
        answering(slack, url, sandbox, settings_at(slack), **pace) as (here, core),
    ):
        there = Town(slack, sandbox, here, core)
        root = ""
        for number, text in enumerate(LONG):
            ts = await slack.say(there.ana, there.general, f"<@BOT> {text}", thread_ts=root or None)
            root = root or ts
            await until("an answer", lambda: answers(there, number + 1))  # noqa: B023  used up at once
        await until("a summary", lambda: there.rows(MADE))
        await slack.command(there.ana, there.general, "/aivax", "summary")
        shown = await there.says(there.general, "This summary stands")
        await slack.command(there.ana, there.general, "/aivax", "summary edit I keep bees")
        edited = await there.says(there.general, "I've put your words")

        assert "person: say only ok fact0" in shown.text
        assert (shown.only_to, edited.only_to) == (there.ana.id, there.ana.id)
        assert await there.rows(MADE) == ["I keep bees"]


async def test_discord_s_command_shows_the_summary_to_who_wrote_there_alone(
    discord: FakeDiscord, url: str
) -> None:
    lobby, ana = discord.channel(discord.guild("Gophers"), "lobby"), discord.person("ana")
    async with running(discord, url, **ON) as stage:
        house = House(discord, stage, lobby, ana)
        for number, text in enumerate(LONG):
            await house.mention(text)
            await until("an answer", lambda: answers(stage, number + 1))  # noqa: B023  used up at once
        await until("a summary", lambda: stage.rows(MADE))
        await discord.interact(ana, lobby, "summary")
        shown = await house.seen("This summary stands")
        await discord.interact(ana, lobby, "summary", {"words": "delete"})
        removed = await house.seen("I've deleted it")

        assert "person: say only ok fact0" in shown.content
        assert (shown.private, removed.private) == (True, True)
        assert await stage.rows(MADE) == []
