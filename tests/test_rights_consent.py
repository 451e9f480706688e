"""Consent at first contact: told or asked once for each person, and what they asked before is never lost."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from core.domain import Action, Command, Deleted, Edited
from core.ingest.consent import is_agreement
from sandbox.server import serve
from tests.discord_listening import discord_at_hand
from tests.platforms.discord import FakeDiscord
from tests.platforms.slack import FakeSlack
from tests.samples import ANA, BEN, CHANNEL, DIRECT, said
from tests.slack_ears import hasty_now, hasty_sleep, settings_at
from tests.slack_ways import answering
from tests.stage import Stage, staged
from tests.test_discord_whole import House, running
from tests.test_erasure import SECRET, left, pressed
from tests.test_erasure import until as waited
from tests.test_rights_export import commanded
from tests.test_slack_whole import Town

NOTICE: dict[str, Any] = {"privacy": {"consent": "notice"}}
AGREE: dict[str, Any] = {"privacy": {"consent": "agree"}}


def asked(stage: Stage) -> list[str]:
    """What the model was asked last, in each call."""
    return [str(body["messages"][-1]["content"]) for body in stage.asked]


async def test_a_notice_is_said_once_beside_the_answer(migrated_url: str) -> None:
    async with staged(migrated_url, **NOTICE) as stage:
        await stage.hear(said("one"), said("two"), said("three", at=CHANNEL))
        told = [each for each in stage.platform.visible(DIRECT.channel) if each.startswith("Before we begin")]

        assert len(told) == 1
        assert not [each for each in stage.platform.visible("general") if each.startswith("Before")]
        assert stage.times_asked == 3


async def test_what_is_asked_before_is_answered_once_its_author_agrees(migrated_url: str) -> None:
    async with staged(migrated_url, **AGREE) as stage:
        first, second = said("one"), said("old words")
        await stage.hear(first, second, said("gone", key="gone"), said("in the channel", at=CHANNEL))
        await stage.hear(Edited(("edit",), ANA, DIRECT, second.origin, "new words"))
        await stage.hear(Deleted(("away",), "fake", "W1", DIRECT.channel, ("gone",)))
        before = stage.times_asked
        shown = list(stage.platform.visible(DIRECT.channel))
        (button,) = [
            each for each in stage.platform.place(DIRECT.channel).buttons if each.action is Action.AGREE
        ]
    async with staged(migrated_url, **AGREE) as stage:  # a restart changes nothing
        await stage.hear(pressed(Action.AGREE, button.turn, by=BEN))
        nobodys = stage.times_asked
        await stage.hear(pressed(Action.AGREE, button.turn))
        await stage.hear(said("later"))

        assert before == nobodys == 0
        assert len(shown) == 1
        assert shown[0].startswith("Before I answer")
        assert sorted(asked(stage)) == ["in the channel", "later", "new words", "one"]
        assert await stage.rows("SELECT count(*) FROM held_questions") == [0]
        assert "Thank you. I'm answering what you asked." in stage.platform.visible("whispers")


async def test_words_agree_as_the_button_does_and_commands_need_no_consent(migrated_url: str) -> None:
    async with staged(migrated_url, **AGREE) as stage:
        await stage.hear(commanded(Command.HELP, at=DIRECT))
        await stage.hear(said("one"), said("Acepto."))

        assert asked(stage) == ["one"]


async def test_who_is_forgotten_has_nothing_kept_that_they_asked(migrated_url: str) -> None:
    async with staged(migrated_url, **AGREE) as stage:
        await stage.hear(said(SECRET))
        kept = await left(stage)
        await stage.hear(commanded(Command.ERASE, at=DIRECT))

        async def nowhere() -> bool:
            return not await left(stage)

        await waited(nowhere, "the files to be scrubbed")
        await stage.hear(said("I agree"))
        assert kept
        assert asked(stage) == []


@pytest.mark.parametrize(
    ("words", "agrees"),
    [("I agree", True), (" i  AGREE!", True), ("Concordo", True), ("I agree with you", False), ("", False)],
)
def test_only_the_words_alone_agree(words: str, agrees: bool) -> None:
    assert is_agreement(words) is agrees


# Over each platform's wire


@pytest.fixture
def url(migrated_sqlite: Path, tmp_path: Path) -> str:
    return f"sqlite+aiosqlite:///{shutil.copy(migrated_sqlite, tmp_path / 'bot.sqlite3')}"


@pytest.fixture
async def discord() -> AsyncIterator[FakeDiscord]:
    async with discord_at_hand() as fake:
        yield fake


async def test_a_command_of_discord_is_answered_after_the_press(discord: FakeDiscord, url: str) -> None:
    lobby, ana = discord.channel(discord.guild("Gophers"), "lobby"), discord.person("ana")
    async with running(discord, url, **AGREE) as stage:
        house = House(discord, stage, lobby, ana)
        await house.ask("what is the tide")
        question = await house.seen("Before I answer")
        await house.press(question, "I agree")
        await house.seen("what is the tide")
        await house.seen("Thank you")

        assert stage.times_asked == 1


async def test_slack_answers_in_the_thread_after_the_press(url: str) -> None:
    pace: dict[str, Any] = {"now": hasty_now, "sleep": hasty_sleep, "program": AGREE}
    async with (
        FakeSlack() as slack,
        serve(plan="max") as sandbox,
        answering(slack, url, sandbox, settings_at(slack), **pace) as (here, core),
    ):
        there = Town(slack, sandbox, here, core)
        ts = await slack.say(there.ana, there.general, "<@BOT> what is the tide")
        question = await there.says(there.general, "Before I answer", ts)
        await there.rows("SELECT 1")
        await slack.click(there.ana, question, "aivax:agree", channel=there.general)
        await there.says(there.general, "what is the tide", ts)
