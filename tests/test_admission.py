"""When AIVAX says no: what is spent, what people see, and how it heals, on both databases."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest

from core.domain import Attachment, Author, Blob, Breaker, Cause, Identity, Place
from core.storage.db import Database, migrate
from core.storage.turns.breakers import BreakerStore
from sandbox.faults import Fault
from sandbox.server import Sandbox, serve
from tests.samples import ANA, BEN, PNG, WallClock, said
from tests.stage import FakePlatform, Stage, staged
from tests.waiting import waiting_for

OUT_OF_CREDIT = "out of credit"
MANY = 16

ON_SQLITE = pytest.mark.parametrize("migrated_url", ["sqlite"], indirect=True)
"""Many questions: on PostgreSQL they are asked of two processes at once, below."""


@pytest.fixture
def clock() -> WallClock:
    return WallClock()


@pytest.fixture
async def sandbox(clock: WallClock) -> AsyncIterator[Sandbox]:
    async with serve(plan="max") as server:
        yield server


@pytest.fixture
async def stage(migrated_url: str, clock: WallClock, sandbox: Sandbox) -> AsyncIterator[Stage]:
    alone = {"slow_start_interval_s": 60.0}  # on a busy machine a refusal takes a while to come
    async with staged(migrated_url, sandbox=sandbox, now=clock, limits=alone) as opened:
        yield opened


def person(number: int) -> Author:
    return Author(Identity("fake", "W1", f"person-{number}"), f"Person {number}")


def room(number: int) -> Place:
    return Place("fake", "W1", f"D-{number}", private=True)


@ON_SQLITE
async def test_many_conversations_at_an_empty_account_cost_one_call_and_each_is_told_once(
    stage: Stage,
) -> None:
    stage.sandbox.state.account.set_balance(0)

    await stage.hear(
        *(said(f"question {number}", by=person(number), at=room(number)) for number in range(MANY))
    )

    assert len(stage.asked) == 1
    for number in range(MANY):
        (shown,) = stage.platform.visible(f"D-{number}")
        assert OUT_OF_CREDIT in shown
    assert set(await stage.states()) == {"parked"}


async def at_rest(*processes: Stage) -> None:
    """Wait until no turn runs, or could run, in any of them: each may still hear of work from another."""
    async with waiting_for("all turns to come to rest"):
        while {"queued", "running"} & set(await processes[0].states()):
            await asyncio.gather(*(each.rest() for each in processes))


@pytest.mark.long
async def test_two_processes_on_one_database_spend_as_little_and_heal_as_one(
    postgres_url: str, clock: WallClock, sandbox: Sandbox
) -> None:
    sandbox.state.account.set_balance(0)
    async with (
        staged(postgres_url, sandbox=sandbox, now=clock) as one,
        staged(postgres_url, sandbox=sandbox, now=clock, platform=one.platform) as other,
    ):
        processes = [one, other]
        for number in range(MANY):
            question = said(f"question {number}", by=person(number), at=room(number))
            await processes[number % 2].core.intake.receive(question)
        await at_rest(*processes)

        refused = len(one.asked)
        assert 1 <= refused <= 1 + 3
        assert set(await one.states()) == {"parked"}
        sandbox.state.account.set_balance(5)
        for _ in range(3):  # a minute
            clock.advance(seconds=20)
            await asyncio.gather(*(each.heal() for each in processes))
            await at_rest(*processes)

        assert set(await one.states()) == {"answered"}
        assert len(one.asked) - refused <= MANY + 2
        for number in range(MANY):
            told, answer = one.platform.visible(f"D-{number}")
            assert OUT_OF_CREDIT in told
            assert f"question {number}" in answer


async def test_processes_that_close_a_gate_at_the_same_instant_close_it_once(
    postgres_url: str, clock: WallClock
) -> None:
    async with AsyncExitStack() as opened:
        databases = [await opened.enter_async_context(Database(postgres_url)) for _ in range(6)]
        await migrate.upgrade(databases[0])
        for _ in range(5):
            closes = [
                BreakerStore(each, clock).trip(Breaker(Cause.BALANCE), lambda _probes: clock(), 0.0)
                for each in databases
            ]
            closed = await asyncio.gather(*closes)

            assert {each.breaker for each in closed} == {Breaker(Cause.BALANCE)}
            await BreakerStore(databases[0], clock).reset(Breaker(Cause.BALANCE))


async def test_after_a_top_up_every_question_is_answered_once_in_its_place(
    stage: Stage, clock: WallClock
) -> None:
    stage.sandbox.state.account.set_balance(0)
    await stage.hear(
        *(said(f"question {number}", by=person(number), at=room(number)) for number in range(10))
    )
    await stage.heal()

    stage.sandbox.state.account.set_balance(5)
    clock.advance(seconds=20)
    await stage.heal()

    for number in range(10):
        told, answer = stage.platform.visible(f"D-{number}")
        assert OUT_OF_CREDIT in told
        assert f"question {number}" in answer
    assert set(await stage.states()) == {"answered"}


async def test_a_later_message_in_the_same_conversation_gets_a_quiet_sign(stage: Stage) -> None:
    stage.sandbox.state.account.set_balance(0)
    first, second = said("first"), said("second")

    await stage.hear(first)
    await stage.hear(second)

    assert len(stage.platform.visible("D-ana")) == 1
    assert stage.platform.signs == [second.address]


async def test_where_no_sign_can_be_put_the_sentence_is_said_again(stage: Stage) -> None:
    stage.sandbox.state.account.set_balance(0)
    stage.platform.can_sign = False

    await stage.hear(said("first"))
    await stage.hear(said("second"))

    assert [OUT_OF_CREDIT in shown for shown in stage.platform.visible("D-ana")] == [True, True]


async def test_another_authors_waiting_question_is_not_taken(
    migrated_url: str, sandbox: Sandbox, clock: WallClock
) -> None:
    shared = Place("fake", "W1", "general", "t")
    async with staged(migrated_url, sandbox=sandbox, now=clock, conversation={"scope": "thread"}) as stage:
        sandbox.state.account.set_balance(0)
        await stage.hear(said("Ana's", by=ANA, at=shared))
        await stage.hear(said("Ben's", by=BEN, at=shared))

        assert await stage.states() == ["parked", "parked"]


async def test_a_reading_that_lags_does_not_open_the_gate_and_a_trial_call_does(
    stage: Stage, clock: WallClock
) -> None:
    """The balance shown stays positive for minutes: it neither opens the breaker nor keeps it closed for good."""
    account = stage.sandbox.state.account
    account.omit = ("balance",)
    account.set_balance(0)
    await stage.hear(said("hello"))
    for _ in range(3):
        clock.advance(seconds=3)
        await stage.heal()
    assert len(stage.asked) == 1

    account.set_balance(5)
    clock.advance(seconds=60)
    await stage.heal()

    assert "hello" in stage.platform.visible("D-ana")[-1]
    assert len(stage.asked) == 2


async def test_trial_calls_grow_further_apart_while_the_account_stays_empty(
    stage: Stage, clock: WallClock
) -> None:
    stage.sandbox.state.account.omit = ("balance",)
    stage.sandbox.state.account.set_balance(0)
    await stage.hear(said("hello"))

    for _ in range(120):
        clock.advance(seconds=1)
        await stage.heal()

    assert 3 <= len(stage.asked) <= 5
    assert len(stage.platform.visible("D-ana")) == 1


async def test_a_balance_route_that_is_down_leaves_the_trial_calls(stage: Stage, clock: WallClock) -> None:
    stage.sandbox.state.faults.add(Fault("balance", "status", status=500, times=1000))
    stage.sandbox.state.account.set_balance(0)
    await stage.hear(said("hello"))

    stage.sandbox.state.account.set_balance(5)
    clock.advance(seconds=12)
    await stage.heal()

    assert "hello" in stage.platform.visible("D-ana")[-1]


@ON_SQLITE
async def test_many_parked_questions_survive_a_restart_which_may_try_at_once(
    migrated_url: str, sandbox: Sandbox, clock: WallClock
) -> None:
    platform, one_call_first = FakePlatform(), {"slow_start_interval_s": 60.0}
    sandbox.state.account.set_balance(0)
    async with staged(
        migrated_url, sandbox=sandbox, now=clock, platform=platform, limits=one_call_first
    ) as stage:
        await stage.hear(
            *(said(f"question {number}", by=person(number), at=room(number)) for number in range(MANY))
        )
    sandbox.state.account.set_balance(5)

    async with staged(migrated_url, sandbox=sandbox, now=clock, platform=platform) as stage:
        await stage.core.admitting.prober.begin()
        await stage.heal()

        for number in range(MANY):
            told, answer = platform.visible(f"D-{number}")
            assert OUT_OF_CREDIT in told
            assert f"question {number}" in answer
        assert len(stage.asked) == 1 + MANY


async def test_a_question_that_waited_too_long_is_given_up_with_a_sentence(
    stage: Stage, clock: WallClock
) -> None:
    stage.sandbox.state.account.set_balance(0)
    await stage.hear(said("hello"))
    clock.advance(hours=25)
    await stage.heal()

    (told,) = stage.platform.visible("D-ana")
    assert "waited too long" in told
    assert OUT_OF_CREDIT not in told
    assert stage.platform.place("D-ana").buttons == []
    assert await stage.states() == ["answered"]


async def test_a_full_storage_has_its_own_gate_and_heals_by_itself(stage: Stage, clock: WallClock) -> None:
    stage.sandbox.state.account.over_quota = True
    await stage.hear(said("hello"))
    assert "storage is full" in stage.platform.visible("D-ana")[0]
    assert await stage.rows("SELECT name FROM breakers") == ["storage"]

    stage.sandbox.state.account.over_quota = False
    clock.advance(seconds=20)
    await stage.heal()

    assert "hello" in stage.platform.visible("D-ana")[-1]
    assert await stage.rows("SELECT name FROM breakers") == []


CAT = Attachment("f1", "cat.png", "image/png", len(PNG))


async def test_files_that_the_account_cant_pay_for_are_left_out_and_text_goes_on(
    migrated_url: str, sandbox: Sandbox, clock: WallClock
) -> None:
    """Nobody reads the balance ahead here: the refusal is the first that is heard of it."""
    unwatched = {"balance_thresholds": ()}
    async with staged(migrated_url, sandbox=sandbox, now=clock, operators=unwatched) as stage:
        stage.platform.files["f1"] = Blob(PNG, "image/png")
        stage.sandbox.state.account.set_balance(0.05)

        await stage.hear(said("what is this?", attachments=(CAT,)))
        await stage.hear(said("and plain text?"))

        first, second = stage.platform.visible("D-ana")
        assert "what is this?" in first
        assert "goes without cat.png" in first
        assert "and plain text?" in second
        assert await stage.states() == ["answered", "answered"]
        assert await stage.rows("SELECT name FROM breakers") == ["media"]


async def test_a_long_rate_limit_is_told_with_its_end_and_kept_for_then(
    stage: Stage, clock: WallClock
) -> None:
    stage.sandbox.state.faults.add(Fault("completions", "status", status=429, retry_after=7200))
    await stage.hear(said("hello"))
    assert "in about 2 hours" in stage.platform.visible("D-ana")[0]

    clock.advance(hours=2.3)
    await stage.heal()

    assert "hello" in stage.platform.visible("D-ana")[-1]
    assert len(stage.asked) == 2


async def test_an_outage_is_waited_out_in_silence_while_it_is_short(stage: Stage, clock: WallClock) -> None:
    stage.sandbox.state.faults.add(Fault("completions", "html", status=502))
    await stage.hear(said("hello"))
    assert stage.platform.visible("D-ana") == []

    clock.advance(seconds=11)
    await stage.heal()

    (answer,) = stage.platform.visible("D-ana")
    assert "hello" in answer


async def test_a_long_outage_is_told_and_everything_is_answered_after_it(
    stage: Stage, clock: WallClock
) -> None:
    stage.sandbox.state.faults.add(Fault("completions", "status", status=503, times=6))
    await stage.hear(said("hello"), said("hi", by=BEN, at=room(1)))
    for _ in range(60):
        clock.advance(seconds=10)
        await stage.heal()

    told, answer = stage.platform.visible("D-ana")
    assert "doesn't respond at the moment" in told
    assert "hello" in answer


@pytest.mark.parametrize("status", [429, 402])
async def test_no_status_and_no_name_of_an_error_reaches_a_person(stage: Stage, status: int) -> None:
    stage.sandbox.state.faults.add(Fault("completions", "status", status=status, retry_after=600))

    await stage.hear(said("hello"))

    (shown,) = stage.platform.visible("D-ana")
    for hidden in (str(status), "Error", "breaker", "NoBalance", "RateLimited"):
        assert hidden not in shown
