"""What operators do to single turns, on both databases: tried again, taken out of the line, or refused by reason."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from bots.wiring import control_of
from core.domain import TurnState
from core.domain.audit import Actor, Via
from core.operations.control import Control
from core.storage.operations.turn_changes import Outcome
from core.storage.operations.turn_list import Wanted, kept_of, list_turns
from sandbox.faults import Fault
from sandbox.server import Sandbox, serve
from tests.fakes import Fault as PlaceFault
from tests.samples import ANA, WallClock, said
from tests.stage import Stage, staged

BY = Actor(Via.COMMAND, "root")
DROPPED = "The people who run me took this question out of the line: I won't answer it."


@pytest.fixture
def clock() -> WallClock:
    return WallClock()


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with serve(plan="max", balance=50) as server:
        yield server


@pytest.fixture
async def stage(migrated_url: str, clock: WallClock, sandbox: Sandbox) -> AsyncIterator[Stage]:
    async with staged(migrated_url, sandbox=sandbox, now=clock) as opened:
        yield opened


@pytest.fixture
def control(stage: Stage, clock: WallClock) -> Control:
    return control_of(stage.settings, stage.core.database, clock, stage.core.pool)


async def test_a_failed_question_is_asked_once_more_and_answered(stage: Stage, control: Control) -> None:
    stage.sandbox.state.faults.add(Fault("completions", "status", status=400, times=5))
    await stage.hear(said("hello"))
    assert await stage.states() == ["failed"]
    stage.sandbox.state.faults.clear()

    assert await control.retry(1, BY) is Outcome.DONE
    await stage.rest()

    assert await stage.states() == ["failed", "answered"]
    apology, answer = stage.platform.visible("D-ana")
    assert "reference" in apology
    assert "> hello" in answer
    assert await control.retry(1, BY) is Outcome.ENDED


async def test_an_answer_that_its_platform_did_not_take_is_delivered_again_and_not_paid_twice(
    stage: Stage, control: Control
) -> None:
    stage.platform.place("D-ana").faults.append(("post", PlaceFault.CLOSED))
    await stage.hear(said("hello"))
    assert await stage.states() == ["failed"]

    assert await control.retry(1, BY) is Outcome.DONE
    await stage.rest()

    assert await stage.states() == ["answered"]
    assert "> hello" in stage.platform.visible("D-ana")[0]
    assert stage.times_asked == 1


async def test_a_held_question_is_its_breaker_s_next_probe(
    stage: Stage, control: Control, clock: WallClock
) -> None:
    stage.sandbox.state.account.set_balance(0)
    await stage.hear(said("hello"))
    assert await stage.states() == ["parked"]
    stage.sandbox.state.account.set_balance(50)

    assert await control.retry(1, BY) is Outcome.DONE
    await stage.rest()

    assert await stage.states() == ["answered"]
    assert await stage.rows("SELECT name FROM breakers") == []


async def test_a_waiting_question_is_dropped_and_its_author_told_in_its_place(
    stage: Stage, control: Control
) -> None:
    await control.pause(BY)
    await stage.hear(said("hello"), said("olá", by=ANA))
    assert await control.retry(1, BY) is Outcome.PAUSED

    assert await control.drop(1, BY) is Outcome.DONE
    await stage.rest()

    assert stage.platform.visible("D-ana") == [DROPPED]
    assert await control.drop(1, BY) is Outcome.ENDED
    await control.resume(BY)
    await stage.heal()
    assert await stage.states() == ["cancelled", "answered", "answered"]
    assert "> olá" in stage.platform.visible("D-ana")[1]


async def test_what_is_not_there_or_no_longer_stored_is_refused(
    stage: Stage, control: Control, clock: WallClock
) -> None:
    stage.sandbox.state.faults.add(Fault("completions", "status", status=400, times=5))
    await stage.hear(said("hello"))
    await stage.change("UPDATE messages SET text = ''")

    assert await control.retry(1, BY) is Outcome.EMPTIED
    for number in (0, 99, 2**63, 2**80):
        assert await control.retry(number, BY) is Outcome.UNKNOWN
        assert await control.drop(number, BY) is Outcome.UNKNOWN


async def test_turns_are_listed_by_state_platform_and_age_without_words(
    stage: Stage, control: Control, clock: WallClock
) -> None:
    await stage.hear(said("a secret of ana"))
    clock.advance(hours=2)
    await control.pause(BY)
    await stage.hear(said("another secret"))
    clock.advance(hours=2)
    database = stage.core.database

    every, in_all = await list_turns(database, Wanted(tuple(TurnState)))
    (old,), _ = await list_turns(database, Wanted(tuple(TurnState), before=clock.time.replace(hour=13)))
    held, _ = await list_turns(database, Wanted((TurnState.HELD,), "fake"))
    elsewhere, none = await list_turns(database, Wanted(tuple(TurnState), "slack"))
    newest, of_all = await list_turns(database, Wanted(tuple(TurnState), most=1))

    assert [each.id for each in every] == [1, 2]
    assert (in_all, none, of_all, list(elsewhere)) == (2, 0, 2, [])
    assert (old.id, old.state, old.user, old.what) == (1, TurnState.ANSWERED, "ana", "question")
    assert [(each.id, each.held_by) for each in held] == [(2, "pause")]
    assert [each.id for each in newest] == [2]
    assert "secret" not in repr(every)


async def test_what_is_kept_of_a_turn_is_its_question_and_its_whole_answer(stage: Stage) -> None:
    await stage.hear(said("hello"))

    question, answer = await kept_of(stage.core.database, 1)

    assert (question.role, question.text, answer.role) == ("question", "hello", "answer")
    assert answer.text == (await stage.rows("SELECT answer FROM turns"))[0]
