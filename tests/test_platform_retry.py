"""How long a busy platform is waited for."""

from __future__ import annotations

import itertools

import pytest

from core.delivery.platform_retry import patiently
from core.domain import Fenced, OutcomeUnknown, PlaceClosed, PlatformBusy, PlatformError
from tests.fakes import FakeClock


class Platform:
    """Fails with these errors, one a call, and then succeeds."""

    def __init__(self, clock: FakeClock, *errors: PlatformError) -> None:
        self._clock = clock
        self._errors = list(errors)
        self.asked_at: list[float] = []

    async def call(self) -> str:
        self.asked_at.append(self._clock.now())
        if self._errors:
            raise self._errors.pop(0)
        return "done"


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


async def test_a_call_that_succeeds_is_not_delayed(clock: FakeClock) -> None:
    platform = Platform(clock)

    assert await patiently(platform.call, budget_s=0, now=clock.now, sleep=clock.sleep) == "done"


async def test_a_busy_platform_is_left_alone_for_as_long_as_it_asks(clock: FakeClock) -> None:
    platform = Platform(clock, PlatformBusy("fake", retry_after_s=7), PlatformBusy("fake", retry_after_s=3))

    done = await clock.run(patiently(platform.call, budget_s=60, now=clock.now, sleep=clock.sleep))

    first, second, third = platform.asked_at
    assert done == "done"
    assert 7 <= second - first < 7.2
    assert 3 <= third - second < 3.2


async def test_waits_grow_where_the_platform_does_not_say_how_long(clock: FakeClock) -> None:
    platform = Platform(clock, *(PlatformBusy("fake") for _ in range(8)))

    await clock.run(
        patiently(platform.call, budget_s=600, now=clock.now, sleep=clock.sleep, jitter=lambda: 1.0)
    )

    at = platform.asked_at
    waits = [later - earlier for earlier, later in itertools.pairwise(at)]
    assert waits == [0.5, 1, 2, 4, 8, 15, 15, 15]


@pytest.mark.parametrize("retry_after_s", [None, 0, 0.5])
async def test_the_last_error_comes_out_when_the_budget_is_used_up(
    clock: FakeClock, retry_after_s: float | None
) -> None:
    errors = [PlatformBusy("fake", retry_after_s=retry_after_s) for _ in range(1000)]
    platform = Platform(clock, *errors)
    began = clock.now()

    with pytest.raises(PlatformBusy) as raised:
        await clock.run(patiently(platform.call, budget_s=10, now=clock.now, sleep=clock.sleep))

    assert raised.value is errors[len(platform.asked_at) - 1]
    assert 0 < clock.now() - began <= 10


async def test_a_wait_longer_than_the_budget_is_not_begun(clock: FakeClock) -> None:
    platform = Platform(clock, PlatformBusy("fake", retry_after_s=600))

    with pytest.raises(PlatformBusy):
        await patiently(platform.call, budget_s=60, now=clock.now, sleep=clock.sleep)


async def test_waiting_is_counted_even_by_a_clock_that_stands_still(clock: FakeClock) -> None:
    platform = Platform(clock, *(PlatformBusy("fake") for _ in range(1000)))

    with pytest.raises(PlatformBusy):
        await clock.run(patiently(platform.call, budget_s=10, now=lambda: 0.0, sleep=clock.sleep))


@pytest.mark.parametrize("error", [PlaceClosed("fake"), OutcomeUnknown("fake")])
async def test_nothing_but_a_busy_platform_is_asked_again(clock: FakeClock, error: PlatformError) -> None:
    platform = Platform(clock, error)

    with pytest.raises(type(error)):
        await patiently(platform.call, budget_s=60, now=clock.now, sleep=clock.sleep)


async def test_whoever_was_taken_over_while_waiting_makes_no_further_call(clock: FakeClock) -> None:
    platform, checked = (
        Platform(clock, PlatformBusy("fake"), PlatformBusy("fake")),
        iter([None, Fenced(1, 1)]),
    )

    async def check() -> None:
        if error := next(checked):
            raise error

    with pytest.raises(Fenced):
        await clock.run(patiently(platform.call, budget_s=60, check=check, now=clock.now, sleep=clock.sleep))

    assert len(platform.asked_at) == 1


async def test_an_unknown_outcome_is_tried_again_where_that_was_said_to_be_harmless(clock: FakeClock) -> None:
    platform = Platform(clock, OutcomeUnknown("fake"), PlatformBusy("fake"))
    harmless = (PlatformBusy, OutcomeUnknown)

    call = patiently(platform.call, budget_s=60, retry=harmless, now=clock.now, sleep=clock.sleep)

    assert await clock.run(call) == "done"
