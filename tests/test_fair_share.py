"""Fair share: what AIVAX takes in a minute, given out by turns to workspaces and people, on both databases."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.admission.fair_queue import in_order
from core.admission.rate_windows import Allowance, windows_of
from core.aivax.account import Balance
from core.aivax.keys import KeyKind
from core.domain import (
    Author,
    Identity,
    Place,
    Said,
    Served,
    Unavailable,
    Waiting,
    Window,
    free_calls,
    next_calls,
)
from sandbox.faults import Fault
from sandbox.plans import MINUTE, PLANS
from sandbox.server import Sandbox, serve
from tests.samples import ANA, WallClock, said
from tests.stage import Stage, notifier_of, staged
from tests.waiting import until

LIMIT = 10
"""Calls in a minute: half of what the plan Free allows, so that fewer turns fill a minute."""
FLOODER = "flooder"
FOUR = tuple(f"person-{number}" for number in range(4))

ON_SQLITE = pytest.mark.parametrize("migrated_url", ["sqlite"], indirect=True)
"""Many questions: on PostgreSQL they are asked of two processes at once, below."""


@pytest.fixture
def clock() -> WallClock:
    return WallClock()


@pytest.fixture
async def free_plan(clock: WallClock, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Sandbox]:
    """AIVAX as an account of the plan Free meets it, but for `LIMIT`, at the test's own time."""
    monkeypatch.setitem(PLANS, "free", replace(PLANS["free"], requests=((LIMIT, MINUTE),)))
    async with serve(plan="free", clock=lambda: clock().timestamp()) as server:
        yield server


@pytest.fixture
async def stage(migrated_url: str, clock: WallClock, free_plan: Sandbox) -> AsyncIterator[Stage]:
    """One turn at a time, so that the order of the answers is the order of the line."""
    async with staged(migrated_url, sandbox=free_plan, now=clock, limits={"running_turns": 1}) as opened:
        yield opened


def author(name: str, workspace: str = "W1") -> Author:
    return Author(Identity("fake", workspace, name), name)


def asks(name: str, number: int, *, workspace: str = "W1") -> Said:
    """One of somebody's questions, in their own direct message."""
    place = Place("fake", workspace, f"D-{workspace}-{name}", private=True)
    return said(f"{name} {number}", by=author(name, workspace), at=place)


async def a_minute_later(clock: WallClock, *stages: Stage) -> None:
    clock.advance(seconds=61)
    for stage in stages:
        await stage.core.pool.sweep()
    for stage in stages:
        await stage.rest()


async def all_called(minutes: int, *stages: Stage) -> None:
    """Wait until the calls of so many minutes were made, and their answers are there."""

    async def are_made() -> bool:
        for stage in stages:
            await stage.core.pool.sweep()
            await stage.rest()
        return stages[0].times_asked >= LIMIT * minutes and "running" not in await stages[0].states()

    await until(f"the calls of {minutes} minutes", are_made, every_s=0.05)


async def use_up_the_minute(stage: Stage) -> None:
    await stage.hear(*(asks(f"early-{number % 2}", number) for number in range(LIMIT)))


async def served(stage: Stage) -> list[str]:
    """Whom each call was for, in order."""
    return await stage.rows(
        'SELECT i."user" FROM calls c JOIN turns t ON t.id = c.turn_id '
        "JOIN identities i ON i.id = t.identity_id WHERE i.\"user\" NOT LIKE 'early%' ORDER BY c.id"
    )


def refused(sandbox: Sandbox) -> list[int]:
    """The statuses of AIVAX' answers to completion calls that were not an answer."""
    calls = [call for call in sandbox.state.calls.described() if call["path"].endswith("/chat/completions")]
    return [call["status"] for call in calls if call["status"] != 200]


def waits(order: list[str], name: str) -> list[int]:
    """How many turns of others came before each of somebody's own, since the one before."""
    at = [-1, *(place for place, who in enumerate(order) if who == name)]
    return [later - before - 1 for before, later in itertools.pairwise(at)]


@ON_SQLITE
async def test_a_flooder_costs_the_others_one_turn_each_and_the_limit_is_kept(
    stage: Stage, clock: WallClock
) -> None:
    """The four ask three questions each; then the same again, behind 40 questions of one."""
    questions = [asks(name, number) for number in range(3) for name in FOUR]
    await use_up_the_minute(stage)
    await stage.hear(*questions)
    await a_minute_later(clock, stage)
    await a_minute_later(clock, stage)
    alone = await served(stage)
    clock.advance(hours=2)

    await use_up_the_minute(stage)
    await stage.hear(*(asks(FLOODER, number) for number in range(40)))
    await stage.hear(*(asks(name, number) for number in range(3) for name in FOUR))
    await a_minute_later(clock, stage)
    await a_minute_later(clock, stage)
    crowded = (await served(stage))[len(alone) :]

    for name in FOUR:
        before, now = waits(alone, name), waits(crowded, name)
        assert len(before) == len(now) == 3
        assert all(longer - shorter <= 1 for shorter, longer in zip(before, now, strict=True))
    assert refused(stage.sandbox) == []


@ON_SQLITE
async def test_a_flooder_who_came_first_leaves_calls_for_who_comes_later(stage: Stage) -> None:
    await stage.hear(*(asks(FLOODER, number) for number in range(40)))
    assert await served(stage) == [FLOODER] * (LIMIT // 2)

    await stage.hear(*(asks(name, 0) for name in FOUR))

    assert await served(stage) == [FLOODER] * (LIMIT // 2) + list(FOUR)


@ON_SQLITE
async def test_workspaces_come_before_their_people(stage: Stage, clock: WallClock) -> None:
    await use_up_the_minute(stage)
    crowd = [asks(f"one of many {number}", 1, workspace="W-large") for number in range(15)]
    await stage.hear(*crowd, *(asks("alone", number, workspace="W-small") for number in range(5)))

    await a_minute_later(clock, stage)

    assert Counter(await served(stage))["alone"] == 5
    assert len(await served(stage)) == LIMIT


async def test_two_processes_keep_the_limit_together_and_share_fairly(
    postgres_url: str, clock: WallClock, free_plan: Sandbox
) -> None:
    async with (
        staged(postgres_url, sandbox=free_plan, now=clock) as one,
        staged(postgres_url, sandbox=free_plan, now=clock) as two,
    ):
        questions = [asks(f"{FLOODER}-{number % 2}", number) for number in range(40)]
        questions += [asks(name, number) for number in range(2) for name in FOUR]
        for number, question in enumerate(questions):
            await (one, two)[number % 2].core.intake.receive(question)
        for minutes in range(1, 4):
            await all_called(minutes, one, two)
            assert len(one.asked) == LIMIT * minutes
            await a_minute_later(clock, one, two)
        await all_called(4, one, two)

        answered = Counter(await served(one))

    assert refused(free_plan) == []
    assert [answered[name] for name in FOUR] == [2] * len(FOUR)
    assert answered.total() >= 3 * LIMIT


async def test_a_notice_needs_no_call_and_does_not_wait(stage: Stage) -> None:
    await use_up_the_minute(stage)

    await stage.hear(asks("late", 1), said("x" * 50_000))

    assert "too long" in stage.platform.visible("D-ana")[0]
    assert stage.platform.visible("D-W1-late") == []


async def test_a_turn_that_makes_no_call_gives_its_call_back(stage: Stage) -> None:
    await stage.hear(*(asks(f"greeted-{number % 2}", number) for number in range(LIMIT - 1)))
    await stage.hear(said("", by=ANA))
    await stage.hear(said("last"))

    assert any("last" in shown for shown in stage.platform.visible("D-ana"))
    assert len(stage.asked) == LIMIT


async def test_a_restart_keeps_the_count(migrated_url: str, clock: WallClock, free_plan: Sandbox) -> None:
    async with staged(migrated_url, sandbox=free_plan, now=clock) as before:
        await use_up_the_minute(before)

    async with staged(migrated_url, sandbox=free_plan, now=clock) as after:
        await after.hear(said("hello"))
        assert after.platform.visible("D-ana") == []
        await a_minute_later(clock, after)
        assert "hello" in after.platform.visible("D-ana")[0]
    assert refused(free_plan) == []


async def test_a_retry_is_a_call_as_well(migrated_url: str, clock: WallClock, free_plan: Sandbox) -> None:
    """The last free call goes wrong in passing: there is none left to retry it with."""
    limits = {"requests_per_minute": 3}
    async with staged(migrated_url, sandbox=free_plan, now=clock, limits=limits, aivax={"tries": 3}) as stage:
        await stage.hear(asks("early", 1), asks("earlier", 1))
        free_plan.state.faults.add(Fault("completions", "status", status=503))
        await stage.hear(said("hello"))
        assert len(stage.asked) == 3
        assert stage.platform.visible("D-ana") == []

        clock.advance(seconds=61)
        await stage.heal()

        assert any("hello" in shown for shown in stage.platform.visible("D-ana"))


@ON_SQLITE
async def test_who_waits_long_is_told_their_place_and_sees_it_change(stage: Stage, clock: WallClock) -> None:
    names = [f"waiting {number}" for number in range(LIMIT + 3)]
    last = f"D-W1-{names[-1]}"
    await use_up_the_minute(stage)
    await stage.hear(*(asks(name, 1) for name in names))

    await notifier_of(stage.core).look()
    assert stage.platform.visible(last) == []
    clock.advance(seconds=11)
    for _ in range(3):
        await notifier_of(stage.core).look()
    assert stage.platform.visible(last) == [
        "_You are number 13 in line; I'll get to you in about 2 minutes._"
    ]

    clock.advance(seconds=50)
    await a_minute_later(clock, stage)
    await notifier_of(stage.core).look()
    assert stage.platform.visible(last) == ["_You are number 3 in line; I'll get to you in about 2 minutes._"]

    await a_minute_later(clock, stage)
    (answer,) = stage.platform.visible(last)
    assert names[-1] in answer
    assert refused(stage.sandbox) == []


async def test_the_operator_may_switch_the_limit_off(
    migrated_url: str, clock: WallClock, free_plan: Sandbox
) -> None:
    limits = {"requests_per_minute": 0}
    async with staged(migrated_url, sandbox=free_plan, now=clock, limits=limits) as stage:
        await stage.hear(*(asks("eager", number) for number in range(LIMIT + 1)))

    assert len(stage.asked) == LIMIT + 1
    assert refused(free_plan) == [429]


@pytest.mark.parametrize(
    ("told", "windows"),
    [
        (Balance(plan="free"), (Window(20),)),
        (Balance(plan="Pro"), (Window(200),)),
        (Balance(plan="max"), ()),
        (Balance(plan="addon, pro"), (Window(200),)),
        (Balance(plan="pro", plan_limits={"requestsPerMinute": 35}), (Window(35),)),
        (Balance(plan="free", plan_limits={"requestsPerMinute": None}), ()),
        (Balance(plan="free", plan_limits={"requestsPerMinute": "many"}), (Window(20),)),
        (Balance(plan="bespoke"), None),
        (Balance(), None),
    ],
)
def test_the_limit_is_read_from_the_balance_answer(told: Balance, windows: tuple[Window, ...] | None) -> None:
    assert windows_of(told) == windows


async def test_a_public_key_has_limits_of_its_own_and_asks_nothing() -> None:
    async def never() -> Balance:
        raise AssertionError("a public key may not ask for the balance")

    allowance = Allowance(None, KeyKind.PUBLIC, never)
    await allowance.run()

    assert await allowance.windows() == (Window(3, 5.0), Window(20))


async def test_an_unreadable_plan_leaves_the_limit_as_it_was() -> None:
    answers: list[Balance | Exception] = [Balance(plan="free"), Unavailable(status=503)]

    async def tell() -> Balance:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    allowance = Allowance(None, KeyKind.PRIVATE, tell)
    assert await allowance.read()
    assert not await allowance.read()

    assert await allowance.windows() == (Window(20),)


@given(st.lists(st.floats(0, 120), max_size=60), st.integers(1, 8), st.integers(1, 40))
def test_calls_that_go_when_they_may_never_exceed_a_window(ages: list[float], limit: int, most: int) -> None:
    now = WallClock()()
    windows = (Window(limit), Window(2, 5.0))
    made: list = []
    for age in sorted(ages, reverse=True):  # a past that kept the limits
        at = now - timedelta(seconds=age)
        if free_calls(windows, made, at):
            made.append(at)

    for at in next_calls(windows, made, now, most):
        assert at >= now
        assert free_calls(windows, made, at) >= 1
        made.append(at)


turns = st.lists(st.tuples(st.sampled_from("abc"), st.integers(1, 6)), max_size=40)


@given(turns)
def test_nobody_is_served_twice_while_another_of_the_workspace_waits(heads: list[tuple[str, int]]) -> None:
    since = WallClock()()
    line = [
        Waiting(number, number, workspace, hash((workspace, person)), since)
        for number, (workspace, person) in enumerate(heads)
    ]

    order = in_order(line, Served({}, {}))

    assert sorted(turn.turn_id for turn in order) == list(range(len(heads)))
    for place, turn in enumerate(order):
        before = Counter(earlier.person_id for earlier in order[:place])
        still = {later.person_id for later in order[place:] if later.workspace == turn.workspace}
        assert all(before[turn.person_id] <= before[other] for other in still)
