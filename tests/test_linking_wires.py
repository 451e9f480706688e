"""Linked accounts over each platform's wire: Slack and Discord, in two processes on one database."""

from __future__ import annotations

import re
from typing import Any

import pytest

from core.rights.link_words import ALPHABET
from sandbox.server import serve
from tests.platforms.discord import FakeDiscord
from tests.platforms.slack import FakeSlack
from tests.slack_ears import hasty_now, hasty_sleep, settings_at
from tests.slack_ways import answering
from tests.test_discord_whole import House, running
from tests.test_slack_whole import Town

ON: dict[str, Any] = {"people": {"linking": True}}
_CODE = re.compile(rf"[{ALPHABET}]{{4}}-[{ALPHABET}]{{4}}")


@pytest.mark.parametrize("migrated_url", ["postgresql"], indirect=True)
async def test_slack_and_discord_become_one_person_and_only_they_read_of_it(
    slack: FakeSlack, discord: FakeDiscord, migrated_url: str
) -> None:
    lobby, ana = discord.channel(discord.guild("Gophers"), "lobby"), discord.person("ana")
    pace: dict[str, Any] = {"now": hasty_now, "sleep": hasty_sleep, "program": ON}
    async with (
        serve(plan="max") as sandbox,
        answering(slack, migrated_url, sandbox, settings_at(slack), **pace) as (here, core),
        running(discord, migrated_url, **ON) as stage,
    ):
        town, house = Town(slack, sandbox, here, core), House(discord, stage, lobby, ana)
        await slack.command(town.ana, town.general, "/aivax", "link")
        given = await town.says(town.general, "Your code is")
        code = _CODE.search(given.text)
        assert code is not None
        await discord.interact(ana, lobby, "link", {"words": code[0]})
        asked = await house.seen("This code was made by")
        await house.press(asked, "Yes, that is me")
        asked_there = await town.says(town.general, "has used your code")
        await slack.click(town.ana, asked_there, "aivax:link", channel=town.general)
        done = [await town.says(town.general, "Done:"), await house.seen("Done:")]
        persons = await stage.rows("SELECT DISTINCT person_id FROM identities")

        assert "slack:" in asked.content
        assert "discord:" in asked_there.text
        assert (given.only_to, asked_there.only_to, done[0].only_to) == (town.ana.id,) * 3
        assert asked.private
        assert done[1].private
        assert len(persons) == 1
