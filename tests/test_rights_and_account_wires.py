"""Over Discord's wire: a person is deleted at AIVAX, too, by the button of `privacy`; operators read the account."""

from __future__ import annotations

from typing import Any

import pytest

from core.i18n import Phrase
from sandbox.server import HOSTED, serve
from tests.platforms.discord import Channel, FakeDiscord, Person
from tests.test_discord_whole import EN, House, running
from tests.test_rights_forget import Scene, Time, save
from tests.waiting import soon


@pytest.fixture
def lobby(discord: FakeDiscord) -> Channel:
    return discord.channel(discord.guild("Gophers"), "lobby")


@pytest.fixture
def ana(discord: FakeDiscord) -> Person:
    return discord.person("ana")


async def test_the_button_of_privacy_deletes_at_aivax_too_and_tells_what_went(
    discord: FakeDiscord, lobby: Channel, ana: Person, url: str
) -> None:
    time, ben = Time(), discord.person("ben")
    async with (
        serve(plan="max", clock=time.epoch) as sandbox,
        running(discord, url, sandbox=sandbox, now=time) as stage,
    ):
        house = House(discord, stage, lobby, ana)
        for who in (house, House(discord, stage, lobby, ben)):
            await who.mention(f"remember {who.ana.name}")
            await who.seen(f"remember {who.ana.name}")
        await stage.rest()
        keys = await stage.rows(
            "SELECT persons.key FROM persons JOIN identities ON person_id = persons.id ORDER BY name"
        )
        sandbox.state.personal.records.kept.clear()
        for key in keys:
            sandbox.state.personal.records.keep(user=key, model="m", text="said")
            save(sandbox.state.knowledge.library, key, "a person who likes tea", at=time.epoch())
        scene = Scene(stage, sandbox, time)

        await discord.interact(ana, lobby, "privacy")
        page = await house.seen(EN.say(Phrase.PRIVACY)[:40])
        await house.press(page, EN.say(Phrase.FORGET_BUTTON))
        await house.seen("is deleted, too: that takes some minutes")
        await scene.carry_on(minutes=3)
        told = await house.seen("memories (1), logged conversations (1)")

        assert told.private
        assert [scene.kept_of(key) for key in keys] == [(0, 0, 0), (1, 1, 0)]
        assert not [each for each in discord.answers(lobby, ben) if "memories (1)" in each.content]


async def test_an_operator_reads_the_account_with_its_picture_and_nobody_else_does(
    discord: FakeDiscord, lobby: Channel, ana: Person, url: str
) -> None:
    time, ben = Time(), discord.person("ben")
    sections: dict[str, Any] = {
        "account": {"enabled": True},
        "operators": {"discord_users": [str(ana.id)]},
    }
    async with (
        serve(plan="max", balance=41.5, clock=time.epoch) as sandbox,
        running(discord, url, sandbox=sandbox, now=time, **sections) as stage,
    ):
        house = House(discord, stage, lobby, ana)
        await house.mention("what does it cost?")
        await house.seen("what does it cost?")
        await soon("the question's end", stage.rest())
        sandbox.state.account.charge(1_000_000, 0, HOSTED)
        time.advance(minutes=2)  # AIVAX tells of it a little later

        await discord.interact(ana, lobby, "account")
        shown = await house.seen("Spent by the whole account in 14 days: $1.00")
        refused = await discord.interact(ben, lobby, "account")
        await discord.until(lambda: refused.original and refused.original.content)

        assert shown.private
        drawn = await discord.until(
            lambda: [file for each in discord.answers(lobby, ana) for file in each.attachments]
        )
        assert [file.name.rpartition(".")[2] for file in drawn] == ["png"]
        assert refused.original is not None
        assert "Only the people who run me" in refused.original.content
