"""How the waits between tries grow."""

from __future__ import annotations

import pytest

from core.util.retry import growing_s


def test_each_failed_try_doubles_the_wait_up_to_the_longest() -> None:
    waits = [growing_s(failed, 0.5, 15.0) for failed in range(8)]

    assert waits == [0.5, 1, 2, 4, 8, 15, 15, 15]


@pytest.mark.parametrize(("chance", "wait_s"), [(0.0, 2.0), (0.5, 3.0), (1.0, 4.0)])
def test_chance_spreads_a_wait_over_its_upper_half(chance: float, wait_s: float) -> None:
    assert growing_s(3, 0.5, 15.0, chance=chance) == wait_s


def test_a_loop_that_has_failed_for_years_still_waits_for_the_longest() -> None:
    assert growing_s(10**9, 2.0, 300.0) == 300.0


def test_a_wait_is_never_longer_than_the_longest() -> None:
    assert growing_s(0, 10.0, 3.0) == 3.0
