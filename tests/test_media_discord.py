"""Media and tools on Discord, over the wire: two people, each with a day of their own."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sandbox.files import MP3, OGG, PDF, PNG
from tests.discord_listening import discord_at_hand
from tests.platforms.discord import FakeDiscord, Person, Upload
from tests.test_discord_whole import House, running
from tests.test_media import DRAWING, HEARING, SPEAKING, WORDS

TOOLS = {"builtin_tools": ("WebSearch", "Code", "ImageGeneration", "GenerateDocument")}


@pytest.fixture
def url(migrated_sqlite: Path, tmp_path: Path) -> str:
    return f"sqlite+aiosqlite:///{shutil.copy(migrated_sqlite, tmp_path / 'bot.sqlite3')}"


@pytest.fixture
async def discord() -> AsyncIterator[FakeDiscord]:
    async with discord_at_hand() as fake:
        yield fake


def files_of(fake: FakeDiscord, house: House, who: Person) -> list[bytes]:
    return [file.data for seen in fake.answers(house.lobby, who) for file in seen.attachments]


async def test_pictures_and_speech_are_files_of_discord(discord: FakeDiscord, url: str) -> None:
    lobby, ana = discord.channel(discord.guild("Gophers"), "lobby"), discord.person("ana")
    async with running(discord, url, media={**DRAWING, **SPEAKING}) as stage:
        house = House(discord, stage, lobby, ana)
        await discord.interact(ana, lobby, "draw", {"words": "2x a lighthouse"})
        await house.seen("Here you are.")
        await discord.until(lambda: files_of(discord, house, ana) == [PNG, PNG])
        await discord.interact(ana, lobby, "speak", {"words": "good morning"})
        await house.seen("listen to")
        await discord.until(lambda: files_of(discord, house, ana) == [PNG, PNG, MP3])

        speak = next(each for each in discord.commands[None] if each["name"] == "speak")
        assert not speak["options"][0].get("required")


async def test_one_persons_day_of_tools_leaves_anothers_whole(discord: FakeDiscord, url: str) -> None:
    guild = discord.guild("Gophers")
    lobby, ana, ben = discord.channel(guild, "lobby"), discord.person("ana"), discord.person("ben")
    limits = {"person_daily_tools": {"generate_image": 1, "generate_document": 1}}
    async with running(discord, url, aivax=TOOLS, limits=limits) as stage:
        of_ana = House(discord, stage, lobby, ana)
        of_ben = replace(of_ana, ana=ben)
        await of_ana.mention("make a picture and make a document: first")
        await of_ana.seen("first")
        await stage.rest()
        await of_ana.mention("make a picture: second")
        refused = await of_ana.seen("second")
        await stage.rest()
        await of_ben.mention("make a picture: mine")
        await of_ben.seen("mine", to=ben)
        await stage.rest()

        assert "image generation as often as one person may" in refused.content
        asked: list[Any] = [body["builtin_tools"]["tools"] for body in stage.asked]
        assert asked == [list(TOOLS["builtin_tools"]), ["WebSearch", "Code"], list(TOOLS["builtin_tools"])]
        shown = [file.data for seen in discord.answers(lobby) for file in seen.attachments]
        assert shown == [PNG, PDF, PNG]


async def test_a_voice_note_is_answered_by_its_words(discord: FakeDiscord, url: str) -> None:
    lobby, ana = discord.channel(discord.guild("Gophers"), "lobby"), discord.person("ana")
    async with running(discord, url, media=HEARING) as stage:
        house = House(discord, stage, lobby, ana)
        note = Upload("voice-message.ogg", OGG, "audio/ogg")
        await discord.say(ana, lobby, f"{discord.bot.mention} what do I say?", attachments=[note])
        await house.seen(WORDS)

        assert "written down: voice-message.ogg" in str(stage.asked[0]["messages"])
