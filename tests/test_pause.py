"""A pause: questions are kept and told so once, nothing is asked, and `resume` answers all of them in order."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest

from core.domain import Author, Identity, Place, Said
from core.domain.audit import Actor, Via
from core.storage.operations.pauses import PauseStore
from sandbox.server import Sandbox, serve
from tests.samples import WallClock, said
from tests.stage import Stage, staged
from tests.waiting import until

OPERATORS: Mapping[str, Any] = {"channel": "fake:ops", "slack_users": ["UOPS"]}
BY = Actor(Via.COMMAND, "root")
KEPT = "My answers are paused. I've kept your question and will answer it as soon as they go on."


@pytest.fixture
def clock() -> WallClock:
    return WallClock()


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with serve(plan="max", balance=50) as server:
        yield server


@pytest.fixture
async def stage(migrated_url: str, clock: WallClock, sandbox: Sandbox) -> AsyncIterator[Stage]:
    async with staged(migrated_url, sandbox=sandbox, now=clock, operators=OPERATORS) as opened:
        await opened.heal()
        yield opened


def asks(who: str, words: str) -> Said:
    place = Place("fake", "W1", f"D-{who}", private=True)
    return said(words, by=Author(Identity("fake", "W1", who), who), at=place)


def orders(words: str, *, who: str = "UOPS") -> Said:
    """What somebody says on the platform that the settings name operators of; the stage shows it as its own."""
    place = Place("fake", "W1", "D-boss", private=True)
    return said(words, by=Author(Identity("slack", "W1", who), who), at=place)


async def later(stage: Stage, clock: WallClock, seconds: float) -> None:
    clock.advance(seconds=seconds)
    await stage.heal()
    await stage.heal()


def pauses(stage: Stage, clock: WallClock) -> PauseStore:
    return PauseStore(stage.core.database, clock)


async def test_questions_are_kept_told_once_and_answered_in_order(stage: Stage, clock: WallClock) -> None:
    assert await pauses(stage, clock).pause("", BY)
    await stage.hear(asks("ana", "first"), asks("ana", "second"), asks("ben", "third"))
    await later(stage, clock, 60)

    assert stage.platform.visible("D-ana") == [KEPT]
    assert stage.platform.visible("D-ben") == [KEPT]
    assert stage.times_asked == 0
    assert sorted(await stage.states()) == ["answered", *["parked"] * 3]  # the first: what operators are told

    assert await pauses(stage, clock).resume(BY)
    await later(stage, clock, 1)

    _, first, second = stage.platform.visible("D-ana")
    assert "> first" in first
    assert "second" in second
    assert "third" in stage.platform.visible("D-ben")[-1]
    assert set(await stage.states()) == {"answered"}


async def test_the_operators_own_sentence_is_told_and_operators_hear_of_both_ends(
    stage: Stage, clock: WallClock
) -> None:
    await pauses(stage, clock).pause("Back at {noon}: we move.", BY)
    await stage.hear(asks("ana", "hello"))
    await later(stage, clock, 1)
    await pauses(stage, clock).resume(BY)
    await later(stage, clock, 1)

    assert stage.platform.visible("D-ana")[0] == "Back at {noon}: we move."
    first, second = stage.platform.visible("ops")
    assert first.startswith("My answers are paused")
    assert second == "My answers go on: I'm answering what was kept."


async def test_a_pause_outlasts_restarts_probes_and_the_age_at_which_others_are_given_up(
    migrated_url: str, clock: WallClock, sandbox: Sandbox
) -> None:
    async with staged(migrated_url, sandbox=sandbox, now=clock) as stage:
        await pauses(stage, clock).pause("", BY)
        await stage.hear(asks("ana", "hello"))
    clock.advance(seconds=30 * 86_400)
    async with staged(migrated_url, sandbox=sandbox, now=clock) as stage:
        await stage.core.admitting.prober.begin()
        for _ in range(5):
            await later(stage, clock, 600)
        assert await stage.states() == ["parked"]
        assert stage.times_asked == 0

        await pauses(stage, clock).resume(BY)
        await later(stage, clock, 1)

        (answer,) = await until("the answer", lambda: stage.platform.visible("D-ana"))
        assert "hello" in answer


async def test_a_call_that_is_taken_meanwhile_ends_no_pause(stage: Stage, clock: WallClock) -> None:
    await stage.hear(asks("ana", "under way"))
    await pauses(stage, clock).pause("", BY)
    await stage.core.admitting.admission.taken(1, "sandbox:50c3", said=True)
    await stage.hear(asks("ben", "hello"))

    assert stage.platform.visible("D-ben") == [KEPT]
    assert await stage.rows("SELECT name FROM breakers") == ["pause"]


async def test_operators_pause_and_resume_in_chat_and_nobody_else(stage: Stage, clock: WallClock) -> None:
    await stage.hear(orders("pause We are moving.", who="U1"))
    await stage.hear(orders("pause", who="U1"))
    assert await stage.rows("SELECT name FROM breakers") == []

    await stage.hear(orders("pause We are moving."))
    await stage.hear(asks("ana", "hello"))
    assert "paused" in stage.platform.visible("D-boss")[-1]
    assert stage.platform.visible("D-ana") == ["We are moving."]

    await stage.hear(orders("resume"))
    await later(stage, clock, 1)

    assert stage.platform.visible("D-boss")[-1] == "My answers go on: I'm answering what was kept first."
    assert "hello" in stage.platform.visible("D-ana")[-1]
    await stage.hear(orders("resume"))
    assert stage.platform.visible("D-boss")[-1] == "My answers aren't paused."
