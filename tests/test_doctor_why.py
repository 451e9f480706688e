"""`doctor why`: each step of a message, or where it stopped, found by whatever its author can name."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from bots.doctor.why import NOTHING, ids_of, told
from core.storage.db import Database
from core.storage.ops.turn_story import stories
from sandbox.faults import Fault
from sandbox.server import serve
from tests.samples import said
from tests.stage import Stage, staged


async def why(stage: Stage, asked: str) -> str:
    async with Database(stage.settings.storage.url) as database:
        return told(await stories(database, ids_of(asked)), datetime.now(UTC))


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("ab12cd34", ("ab12cd34",)),
        (" `AB12CD34` ", ("AB12CD34", "ab12cd34")),
        ("https://x.slack.com/archives/C012AB3CD/p1700000000123456?thread_ts=1", ("1700000000.123456",)),
        ("https://discord.com/channels/123/456/789012345678901234", ("789012345678901234",)),
        ("https://discord.com/channels/@me/456/789012345678901234", ("789012345678901234",)),
    ],
)
def test_a_link_names_its_message(asked: str, found: tuple[str, ...]) -> None:
    assert ids_of(asked) == found


async def test_an_answered_message_tells_its_way(migrated_url: str) -> None:
    async with staged(migrated_url) as stage:
        await stage.hear(said("hello", key="m1"))
        story = await why(stage, "m1")

        (shown,) = await stage.rows("SELECT message_id FROM deliveries")
        assert story.splitlines()[0] == "Turn 1: a question in fake W1 D-ana: it was answered"
        assert "stored, and queued" in story
        assert "attempt 1 began" in story
        assert "shown in 1 messages, by " in story
        assert await why(stage, shown) == story
        assert "hello" not in story


async def test_a_failed_one_tells_its_error_and_the_line_of_the_log(migrated_url: str) -> None:
    async with staged(migrated_url) as stage:
        stage.sandbox.state.faults.add(Fault("completions", "status", status=400, times=5))
        await stage.hear(said("hello", key="m1"))
        (reference,) = await stage.rows("SELECT reference FROM turns")
        story = await why(stage, reference)

        assert "it failed" in story
        assert f"RequestRefused: the log has the cause in the line with reference={reference}" in story


async def test_a_held_one_tells_what_it_waits_for(migrated_url: str) -> None:
    async with serve(balance=0.0) as poor, staged(migrated_url, sandbox=poor) as stage:
        await stage.hear(said("hello", key="m1"))
        story = await why(stage, "m1")

        assert "it waits for AIVAX" in story
        assert "the breaker balance" in story
        assert "the next try is in " in story


async def test_of_what_never_came_it_says_why_that_may_be(migrated_url: str) -> None:
    async with staged(migrated_url) as stage:
        assert await why(stage, "deadbeef") == NOTHING


def test_what_is_said_of_nothing_names_the_next_step() -> None:
    assert "aivax-bots doctor" in NOTHING
