"""Caps on money: for a person, a channel, a workspace, all of them, in a day and in a month, on both databases."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest

from core.domain import Author, Command, Commanded, Identity, Place
from core.util.time_zones import month_of
from sandbox.server import serve
from tests.samples import ANA, BEN, CHANNEL, DIRECT, WallClock, said
from tests.stage import Stage, staged
from tests.test_turn_costs import counted
from tests.waiting import until

PERSON = "My answers to you may cost"
HERE = "My answers in this place may cost"
ALL_HERE = "My answers to all of you here may cost"
MONTH = "I've used up what I may spend on answers this month"
MOST_SUMS = 14
"""Of five caps: one each where a question is taken in and again before its call, three for the month."""
UNDER_WAY = "The answers that I'm still writing may use up"
BENS = Place("fake", "W1", "D-ben", private=True)
ELSEWHERE = Place("fake", "W2", "other")


@pytest.fixture
def clock() -> WallClock:
    return WallClock()


async def ask(stage: Stage, **about: Any) -> str:
    """Ask; the newest that stands in the place then."""
    await stage.hear(said("hello", **about))
    return stage.platform.visible(about.get("at", DIRECT).channel)[-1]


async def cost(stage: Stage, usd: float) -> None:
    """What AIVAX told that each answer cost."""
    await stage.change(f"UPDATE usage SET credits = {usd}")  # noqa: S608


async def test_one_hostile_person_uses_up_their_own_money_and_nobody_elses(
    migrated_url: str, clock: WallClock
) -> None:
    limits = {"person_daily_usd": 1.0, "spend_daily_usd": 3.0}
    async with staged(migrated_url, now=clock, limits=limits) as stage:
        await ask(stage)
        await cost(stage, 1.0)
        clock.advance(hours=4)

        refused = await ask(stage)
        everywhere = await ask(stage, at=CHANNEL)
        bens = await ask(stage, by=BEN, at=CHANNEL)

        assert refused == (
            "My answers to you may cost $1.00 a day, and that is used up. Please ask again in about 20 hours."
        )
        assert everywhere.startswith(PERSON)
        assert "hello" in bens
        clock.advance(hours=20)
        assert "hello" in await ask(stage)


@pytest.mark.parametrize(
    ("setting", "told", "same", "other"),
    [
        ("place_daily_usd", HERE, CHANNEL, BENS),
        ("workspace_daily_usd", ALL_HERE, BENS, ELSEWHERE),
    ],
)
async def test_a_place_and_a_workspace_have_caps_of_their_own(
    migrated_url: str, clock: WallClock, setting: str, told: str, same: Place, other: Place
) -> None:
    async with staged(migrated_url, now=clock, limits={setting: 0.5}) as stage:
        await ask(stage, at=CHANNEL)
        await cost(stage, 0.5)

        assert (await ask(stage, by=BEN, at=same)).startswith(told)
        assert "hello" in await ask(stage, by=BEN, at=other)


async def test_the_month_ends_where_the_operator_lives(migrated_url: str, clock: WallClock) -> None:
    """São Paulo is three hours behind UTC: its October begins at three."""
    clock.time = datetime(2026, 9, 30, 20, 0, tzinfo=UTC)
    limits = {"spend_monthly_usd": 2.0, "month_time_zone": "America/Sao_Paulo"}
    async with staged(migrated_url, now=clock, limits=limits) as stage:
        await ask(stage)
        await cost(stage, 2.0)
        clock.time = datetime(2026, 10, 1, 2, 59, 59, tzinfo=UTC)

        assert await ask(stage) == (
            f"{MONTH}. The next month begins in about 1 second: please ask again then."
        )
        clock.advance(seconds=1)
        assert "hello" in await ask(stage)


async def test_what_is_summed_up_of_the_month_is_counted_once(migrated_url: str, clock: WallClock) -> None:
    async with staged(migrated_url, now=clock, limits={"spend_monthly_usd": 2.0}) as stage:
        for _ in range(4):
            assert "hello" in await ask(stage)
            await cost(stage, 0.5)
            clock.advance(hours=30)

        assert (await ask(stage)).startswith(MONTH)


async def test_two_questions_at_once_do_not_both_get_the_last_cent(
    migrated_url: str, clock: WallClock
) -> None:
    limits = {"person_daily_usd": 0.02, "question_usd": 0.02, "shutdown_grace_s": 0.0}
    async with (
        serve(plan="max", tokens_per_s=0.01) as sandbox,
        staged(migrated_url, sandbox=sandbox, now=clock, limits=limits) as stage,
    ):
        await stage.core.intake.receive(said("one"))
        await until("the first to be asked", lambda: stage.times_asked == 1)
        await stage.core.intake.receive(said("two", at=CHANNEL))
        await until("an answer to the second", lambda: bool(stage.platform.visible(CHANNEL.channel)))

        assert UNDER_WAY in stage.platform.visible(CHANNEL.channel)[-1]
        assert stage.times_asked == 1


async def test_of_many_questions_at_once_in_two_processes_so_many_are_taken_as_the_money_is_enough_for(
    postgres_url: str, clock: WallClock
) -> None:
    """None of them is answered yet: what they will cost is not in any row."""
    limits = {"spend_daily_usd": 0.06, "question_usd": 0.02, "shutdown_grace_s": 0.0}
    async with (
        serve(plan="max", tokens_per_s=0.01) as sandbox,
        staged(postgres_url, sandbox=sandbox, now=clock, limits=limits) as one,
        staged(postgres_url, sandbox=sandbox, now=clock, limits=limits) as two,
    ):
        people = [Author(Identity("fake", "W1", f"p-{number}"), "P") for number in range(8)]
        await asyncio.gather(
            *(
                (one, two)[number % 2].core.intake.receive(said("hello", by=person, at=CHANNEL))
                for number, person in enumerate(people)
            )
        )
        taken = await one.rows("SELECT id FROM turns WHERE NOT notice")

    assert len(taken) == 3


async def test_questions_that_wait_are_not_asked_beyond_the_cap(migrated_url: str, clock: WallClock) -> None:
    """They were taken in while nobody knew how dear the first one is."""
    limits = {"person_daily_usd": 1.0, "question_usd": 0.0}
    async with staged(migrated_url, now=clock, limits=limits) as stage:
        await ask(stage)
        await stage.change("UPDATE turns SET created_at = created_at")
        held = said("second")
        stage.sandbox.state.account.set_balance(0)
        await stage.hear(held)
        await cost(stage, 1.0)
        stage.sandbox.state.account.set_balance(5)
        for _ in range(3):
            clock.advance(seconds=30)
            await stage.heal()

        assert stage.platform.visible(DIRECT.channel)[-1].startswith(PERSON)
        assert await stage.states() == ["answered", "answered"]


async def test_who_stops_every_answer_pays_for_it_all_the_same(migrated_url: str, clock: WallClock) -> None:
    limits = {"person_daily_usd": 0.05, "question_usd": 0.03}
    async with staged(migrated_url, now=clock, limits=limits) as stage:
        for _ in range(2):
            await ask(stage)
        await stage.change("DELETE FROM usage")
        await stage.change("UPDATE turns SET state = 'cancelled'")

        assert (await ask(stage)).startswith(PERSON)


async def test_all_caps_together_cost_a_few_statements_and_without_them_there_are_none(
    migrated_url: str, clock: WallClock
) -> None:
    caps = (
        "person_daily_usd",
        "place_daily_usd",
        "workspace_daily_usd",
        "spend_daily_usd",
        "spend_monthly_usd",
    )
    sums = {}
    for name, limits in {"without": {}, "with": dict.fromkeys(caps, 100.0)}.items():
        async with staged(migrated_url, now=clock, limits=limits) as stage:
            await ask(stage)
            with counted() as counts:
                await ask(stage)
        statements = [each for transaction in counts.transactions for each in transaction]
        sums[name] = statements.count("SELECT usage")

    assert sums["without"] == 0
    assert 0 < sums["with"] <= MOST_SUMS


async def test_usage_tells_what_is_left_of_the_money(migrated_url: str, clock: WallClock) -> None:
    async with staged(migrated_url, now=clock, limits={"person_daily_usd": 1.0}) as stage:
        await ask(stage)
        await cost(stage, 0.25)
        await stage.hear(Commanded(("usage-1",), ANA, DIRECT, Command.USAGE, address="D-ana/usage-1"))

        assert (
            "My answers to you may cost $1.00 a day; $0.75 are left." in stage.platform.visible("D-ana")[-1]
        )


@pytest.mark.parametrize(
    ("at", "zone", "start", "end"),
    [
        ("2026-02-28T23:59:59+00:00", "", "2026-02-01T00:00:00+00:00", "2026-03-01T00:00:00+00:00"),
        (
            "2026-12-31T23:30:00+00:00",
            "Europe/Berlin",
            "2026-12-31T23:00:00+00:00",
            "2027-01-31T23:00:00+00:00",
        ),
        (
            "2026-03-31T21:59:00+00:00",
            "Europe/Berlin",
            "2026-02-28T23:00:00+00:00",
            "2026-03-31T22:00:00+00:00",
        ),
        (
            "2026-03-31T21:59:00+00:00",
            "Nowhere/Atall",
            "2026-03-01T00:00:00+00:00",
            "2026-04-01T00:00:00+00:00",
        ),
    ],
)
def test_a_month_begins_at_midnight_of_its_zone(at: str, zone: str, start: str, end: str) -> None:
    found = month_of(datetime.fromisoformat(at), zone)

    assert [each.isoformat() for each in found] == [start, end]


@pytest.mark.parametrize(("per_million", "cap"), [(10.0, 1.5), (0.0, 0.5)])
async def test_what_calls_beside_the_answer_cost_counts_on_top_of_its_tokens(
    migrated_url: str, clock: WallClock, per_million: float, cap: float
) -> None:
    limits = {"person_daily_usd": cap, "usd_per_million_prompt_tokens": per_million}
    async with staged(migrated_url, now=clock, limits=limits) as stage:
        await ask(stage)
        await stage.change("UPDATE usage SET credits = NULL, other_usd = 0.5, prompt_tokens = 100000")

        assert PERSON in await ask(stage)
