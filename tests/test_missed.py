"""What is still to be looked through for missed messages outlives processes, and what was an answer is known."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from core.domain import Place
from core.storage.db import Database, deliveries
from core.storage.platforms.missed import Missed
from sandbox.server import serve
from tests.samples import said
from tests.stage import Stage, staged

NOON = datetime(2026, 11, 30, 12, 0, tzinfo=UTC)
LATER = NOON + timedelta(hours=1)


@pytest.fixture
async def stage(migrated_url: str) -> AsyncIterator[Stage]:
    async with serve(plan="max") as sandbox, staged(migrated_url, sandbox=sandbox) as opened:
        yield opened


async def test_the_earliest_time_counts_until_it_was_looked_through(database: Database) -> None:
    missed = Missed(database)
    assert await missed.look_back("slack", {}) == {}
    assert await missed.look_back("slack", {"T1": NOON, "T2": LATER}) == {"T1": NOON, "T2": LATER}

    assert await missed.look_back("slack", {"T1": LATER, "T2": NOON}) == {"T1": NOON, "T2": NOON}
    assert await missed.look_back("discord", {"": LATER}) == {"": LATER}

    await missed.looked_back("slack", "T1", LATER)  # one that began later: the earlier part is still missing
    assert await missed.look_back("slack", {}) == {"T1": NOON, "T2": NOON}
    await missed.looked_back("slack", "T1", NOON)
    await missed.looked_back("slack", "T2", NOON - timedelta(hours=1))
    await missed.looked_back("slack", "T3", NOON)
    assert await missed.look_back("slack", {}) == {}
    assert await missed.look_back("discord", {}) == {"": LATER}


async def test_processes_that_look_at_the_same_time_agree(database: Database) -> None:
    first, second = Missed(database), Missed(database)
    both = {"T1": NOON, "T2": NOON}
    await first.look_back("slack", both)
    assert await second.look_back("slack", {"T1": LATER}) == both

    await first.looked_back("slack", "T1", NOON)
    await second.looked_back("slack", "T1", NOON)

    assert await second.look_back("slack", {}) == {"T2": NOON}


async def test_parts_of_answers_are_known_in_their_channel(stage: Stage, database: Database) -> None:
    question = said("hello")
    await stage.hear(question)
    here = question.place
    async with database.read() as connection:
        (posted,) = (await connection.execute(deliveries.select())).all()
    missed = stage.core.intake

    assert set(await missed.answers(here, [posted.message_id, "never", ""])) == {posted.message_id}
    assert set(await missed.answers(Place(here.platform, here.workspace, here.channel), [posted.message_id]))
    assert not await missed.answers(Place(here.platform, here.workspace, "elsewhere"), [posted.message_id])
    assert not await missed.answers(Place(here.platform, "W9", here.channel), [posted.message_id])
    assert not await missed.answers(here, [])
    many = [str(number) for number in range(1_200)]
    assert set(await missed.answers(here, [*many, posted.message_id])) == {posted.message_id}
