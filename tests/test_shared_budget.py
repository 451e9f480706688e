"""How often platforms are called by several workers, so that none is refused what one alone would not be."""

from __future__ import annotations

import asyncio

import pytest

from aivax_bots.testing.clock import FakeClock
from benchmarks.stage.crowd import Booking, Windows, crowd
from core.delivery.call_windows import Rate
from core.delivery.shared_budget import ALONE_FOR_S, SharedBudget
from core.domain import DatabaseUnreachable

RATE = {"edit": Rate(3, 60.0, kept=1)}


@pytest.mark.parametrize("platform", ["slack", "discord"])
async def test_four_workers_in_one_place_are_refused_nothing(platform: str) -> None:
    alone = await crowd(platform, 4, 4, shared=False, seconds=90.0)
    together = await crowd(platform, 4, 4, shared=True, seconds=90.0)

    assert alone.refused > 0  # else this shows nothing
    assert together.refused == 0
    assert together.ends_s


class Broken(Windows):
    """A database that is away, or answers too late."""

    def __init__(self, clock: FakeClock) -> None:
        super().__init__(clock.now)
        self.asked = 0

    async def book(
        self, what: str, *, calls: int, window_s: float, most: int | None = None, most_s: float = 0.0
    ) -> Booking:
        self.asked += 1
        raise DatabaseUnreachable("the database", "away")


async def test_while_the_database_is_away_each_goes_by_its_own_rates_and_asks_seldom() -> None:
    clock = FakeClock()
    windows = Broken(clock)
    budget = SharedBudget(windows, "fake", lambda: True, now=clock.now, sleep=clock.sleep)

    assert [await budget.enter(RATE) for _ in range(5)] == [0.0] * 5
    assert windows.asked == 1
    await clock.advance(ALONE_FOR_S + 1)
    assert await budget.enter(RATE) == 0.0
    assert windows.asked == 2


async def test_a_process_that_is_alone_books_nothing() -> None:
    clock = FakeClock()
    windows = Windows(clock.now)
    budget = SharedBudget(windows, "fake", lambda: False, now=clock.now, sleep=clock.sleep)

    assert [await budget.enter(RATE) for _ in range(9)] == [0.0] * 9
    assert not windows.booked


async def test_what_grows_leaves_calls_to_what_ends_and_is_told_when_to_come_again() -> None:
    clock = FakeClock()
    budget = SharedBudget(Windows(clock.now), "fake", lambda: True, now=clock.now, sleep=clock.sleep)
    growing = [await budget.enter(RATE, growing=True) for _ in range(3)]

    assert growing == [0.0, 0.0, 60.0]
    assert await budget.enter(RATE) == 0.0
    ending = asyncio.create_task(budget.enter(RATE, most_s=80.0))
    await clock.advance(59.0)
    assert not ending.done()
    await clock.advance(2.0)
    assert await ending == 0.0


async def test_a_call_that_one_of_its_rates_refuses_is_booked_in_none() -> None:
    clock = FakeClock()
    windows = Windows(clock.now)
    budget = SharedBudget(windows, "fake", lambda: True, now=clock.now, sleep=clock.sleep)
    rates = {"wide": Rate(9), "narrow": Rate(1)}

    assert await budget.enter(rates) == 0.0
    assert await budget.of("elsewhere").enter(rates) == 0.0
    assert await budget.enter(rates) == 60.0
    assert len(windows.booked["fake:wide"]) == 1
