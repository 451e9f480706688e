"""What could be asked next as buttons of Discord: who presses asks, old ones too."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from bots.discord.features.suggestions import suggestions_view
from tests.discord_listening import discord_at_hand
from tests.platforms.discord import FakeDiscord
from tests.test_discord_whole import House, running

SUGGESTING: dict[str, Any] = {"replies": {"suggestions": True}}
NEXT = "You could ask next:"


@pytest.fixture
def url(migrated_sqlite: Path, tmp_path: Path) -> str:
    return f"sqlite+aiosqlite:///{shutil.copy(migrated_sqlite, tmp_path / 'bot.sqlite3')}"


@pytest.fixture
async def discord() -> AsyncIterator[FakeDiscord]:
    async with discord_at_hand() as fake:
        yield fake


async def test_who_presses_asks_for_all_to_see_and_old_ones_do_after_a_restart(
    discord: FakeDiscord, url: str
) -> None:
    guild = discord.guild("Gophers")
    lobby, ana, ben = discord.channel(guild, "lobby"), discord.person("ana"), discord.person("ben")
    async with running(discord, url, **SUGGESTING) as stage:
        house = House(discord, stage, lobby, ana)
        await house.mention("tell me of cats")
        offered = await house.seen(NEXT)
        labels = [each.label for each in offered.buttons]
        await discord.click(ben, offered, offered.buttons[0].custom_id or "")
        shown = await house.seen(f"<@{ben.id}>: Why about tell me of cats?")
        await discord.until(lambda: stage.times_asked == 2)
        await stage.rest()
        authors = await stage.rows("SELECT i.user FROM turns t JOIN identities i ON i.id = t.identity_id")
        asked = stage.asked[-1]["messages"][-1]["content"]

    async with running(discord, url) as stage:
        house = House(discord, stage, lobby, ana)
        await discord.click(ana, offered, offered.buttons[1].custom_id or "")
        await house.seen(f"<@{ana.id}>: What more about tell me of cats?")
        await discord.until(lambda: stage.times_asked == 1)
        await stage.rest()
        states = await stage.states()

    assert labels == [f"{how} about tell me of cats?" for how in ("Why", "What more", "Who knows")]
    assert not shown.private
    assert authors == [str(ana.id), str(ben.id)]
    assert asked.endswith("Why about tell me of cats?")
    assert states == ["answered"] * 3


async def test_what_one_person_alone_reads_is_followed_by_nothing(discord: FakeDiscord, url: str) -> None:
    lobby, ana = discord.channel(discord.guild("Gophers"), "lobby"), discord.person("ana")
    async with running(discord, url, **SUGGESTING) as stage:
        house = House(discord, stage, lobby, ana)
        await house.ask("tell me of cats", private=True)
        await house.seen("tell me of cats")
        await house.mention("tell me of dogs")
        await house.seen(NEXT)

        told = [seen for seen in discord.answers(lobby, ana) if NEXT in seen.content]
        assert told[0].buttons[0].label == "Why about tell me of dogs?"
        assert len(told) == 1


def test_a_question_that_fits_on_no_button_is_left_out() -> None:
    assert suggestions_view(["x" * 81, " "]) is None
    view = suggestions_view(["x" * 81, "Why?"])
    assert view is not None
    assert [getattr(each, "label", "") for each in view.children] == ["Why?"]
