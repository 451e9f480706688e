"""Whole conversations on Telegram, beside those of the contract: with the core, a database and the sandbox."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from aivax_bots import Frontend
from aivax_bots.testing import ANA, Fault, Stage, database_in, listening_to, shown, staged, until
from test_telegram_contract import PrivateAdapter

pytestmark = pytest.mark.asyncio


@pytest.fixture
def database_url(tmp_path: Path) -> str:
    return database_in(tmp_path)


@pytest_asyncio.fixture
async def venue() -> AsyncIterator[PrivateAdapter]:
    async with PrivateAdapter() as venue:
        yield venue


@pytest_asyncio.fixture
async def stage(venue: PrivateAdapter, database_url: str) -> AsyncIterator[Stage[Frontend]]:
    async with (
        venue.open() as frontend,
        staged(database_url, frontend) as stage,
        listening_to(frontend, stage.core.intake),
    ):
        yield stage


async def test_telegrams_own_stop_button_ends_the_answer_and_what_was_said_stays(
    venue: PrivateAdapter, stage: Stage[Frontend]
) -> None:
    stage.sandbox.state.faults.add(Fault("completions", "silence", after_chunks=3))
    await venue.say("tell me of pigeons")
    chat = venue.chat(ANA)
    await until("a draft with a button", lambda: chat.draft[1] and chat.can_stop)
    drafted = chat.draft[1]
    venue.fake.push(stopped_message_generation={"chat": chat.told(), "draft_id": chat.draft[0]})
    await until("the message", lambda: chat.of_bot())
    await stage.rest()

    assert drafted.strip()[:20] in chat.of_bot()[0].text
    assert stage.times_asked == 1


async def test_who_begins_is_told_what_the_bot_does_in_their_language(
    venue: PrivateAdapter, stage: Stage[Frontend]
) -> None:
    await venue.say("/start", by="ben")
    await until("a sentence", lambda: shown(venue, "ben"))

    assert "nova conversa" in shown(venue, "ben")
    assert stage.times_asked == 0


async def test_an_answer_in_parts_arrives_whole_and_its_last_part_has_the_buttons(
    venue: PrivateAdapter, stage: Stage[Frontend]
) -> None:
    await venue.say("long 9000")
    await until("the buttons", venue.buttons)
    await stage.rest()
    parts = venue.chat(ANA).of_bot()

    assert len(parts) >= 3
    assert [bool(each.keyboard) for each in parts] == [False] * (len(parts) - 1) + [True]
    assert sum(each.text.count("Paragraph 15.") for each in parts) == 1
