"""A batch over each platform's wire: begun by a file, ended by its button."""

from __future__ import annotations

from typing import Any

from sandbox.server import serve
from tests.forms_samples import TICKET
from tests.platforms.discord import FakeDiscord, Upload
from tests.platforms.slack import FakeSlack
from tests.slack_ears import hasty_now, hasty_sleep, settings_at
from tests.slack_ways import answering
from tests.test_batch_whole import rows_of
from tests.test_discord_whole import House, running
from tests.test_slack_whole import Town

BATCH: dict[str, Any] = {
    "forms": [TICKET],
    "batch": {"enabled": True, "poll_interval_s": 0.02, "lease_s": 1},
}
PAUSED, ENDING = "too many of its rows failed", "I'm ending it"
DONE = "0 of 30 rows were answered"


async def test_slack_begins_one_and_its_button_ends_it(slack: FakeSlack, url: str) -> None:
    ana = slack.person("ana")
    async with serve(plan="max") as sandbox:
        sandbox.state.batches.pause = "TooManyErrors"
        program = BATCH | {"operators": {"slack_users": [ana.id]}}
        pace: dict[str, Any] = {"now": hasty_now, "sleep": hasty_sleep}
        async with answering(slack, url, sandbox, settings_at(slack), program=program, **pace) as (
            here,
            core,
        ):
            there = Town(slack, sandbox, here, core)
            there.ana, there.general = ana, slack.channel("harbour", [ana])
            file = slack.file("rows.csv", rows_of(30), "text/csv")
            ts = await slack.say(there.ana, there.general, "<@BOT> batch ticket", files=[file])
            begun = await there.says(there.general, "filled in for 30 rows", ts)
            await there.says(there.general, PAUSED, ts)
            await slack.click(there.ana, begun, "aivax:cancelbatch", channel=there.general)
            told = await there.says(there.general, ENDING, ts)
            await there.says(there.general, DONE, ts)

            assert told.only_to is not None


async def test_discord_begins_one_and_its_button_ends_it(discord: FakeDiscord, url: str) -> None:
    guild = discord.guild("Gophers")
    lobby, ana, ben = discord.channel(guild, "lobby"), discord.person("ana"), discord.person("ben")
    operators = {"discord_users": [str(ana.id)]}
    async with running(discord, url, operators=operators, **BATCH) as stage:
        stage.sandbox.state.batches.pause = "TooManyErrors"
        house = House(discord, stage, lobby, ana)
        file = Upload("rows.csv", rows_of(30), "text/csv")
        await discord.interact(ana, lobby, "batch", {"words": "ticket", "file": file})
        begun = await house.seen("filled in for 30 rows")
        paused = await house.seen(PAUSED)
        await stage.rest()
        await discord.click(ben, paused, paused.buttons[0].custom_id or "")
        await house.seen("Only the person who asked", to=ben)
        await house.press(begun, "End it")
        await house.seen(ENDING)
        await house.seen(DONE)
