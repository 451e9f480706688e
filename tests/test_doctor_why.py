"""`doctor why`: each step of a message, or where it stopped, found by whatever its author can name."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from bots.discord.plugin import EPOCH_MS
from bots.discord.plugin import plugin as discord
from bots.doctor.why import NOTHING, ids_of, told, told_of_refused
from bots.slack.plugin import plugin as slack
from core.storage.db import Database
from core.storage.ops.turn_story import heard, stories
from sandbox.faults import Fault
from sandbox.server import serve
from tests.samples import said
from tests.stage import Stage, staged


async def why(stage: Stage, asked: str, said_at: Callable[[str], datetime | None] = lambda _id: None) -> str:
    async with Database(stage.settings.storage.url) as database:
        found = await stories(database, ids_of(asked))
        event = None if found else await heard(database, ids_of(asked))
    now = datetime.now(UTC)
    return told_of_refused(event, now) if event else told(found, now, lambda _platform, id_: said_at(id_))


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


async def test_a_refused_one_tells_that_it_came_and_what_was_said_to_it(migrated_url: str) -> None:
    async with staged(migrated_url, limits={"person_hourly": 1}) as stage:
        for key in ("m1", "m2", "m3"):
            await stage.hear(said("hello", key=key))
        told_once, silent = await why(stage, "m2"), await why(stage, "m3")

    for story in (told_once, silent):
        assert "It came, and no question was made of it: a limit or [access]" in story
        assert "it was heard" in story
        assert "hello" not in story
    assert "a sentence of the bot's own in fake W1 D-ana: it was answered" in told_once
    assert "nothing was said to it" in silent


async def test_one_that_was_lost_and_found_again_tells_how_late_it_was_found(migrated_url: str) -> None:
    ago = datetime.now(UTC) - timedelta(hours=2)
    id_ = str((int(ago.timestamp() * 1_000) - EPOCH_MS) << 22)
    async with staged(migrated_url) as stage:
        await stage.hear(said("hello", key=id_))
        story = await why(stage, f"https://discord.com/channels/1/2/{id_}", discord.said_at)

    said_line, found_line = story.splitlines()[1:3]
    assert said_line == f"  {ago:%Y-%m-%d %H:%M:%S}  it was said"
    assert "what was said while nobody listened is looked for (120 minutes late), stored" in found_line
    assert "it was answered" in story


def test_ids_tell_when_something_was_said() -> None:
    at = datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)

    assert slack.said_at("1700000000.000000") == at
    assert discord.said_at(str((1_700_000_000_000 - EPOCH_MS) << 22)) == at
    assert [plugin.said_at("m1") for plugin in (slack, discord)] == [None, None]


async def test_of_what_never_came_it_says_why_that_may_be(migrated_url: str) -> None:
    async with staged(migrated_url) as stage:
        assert await why(stage, "deadbeef") == NOTHING


def test_what_is_said_of_nothing_names_the_next_step() -> None:
    assert "aivax-bots doctor" in NOTHING
