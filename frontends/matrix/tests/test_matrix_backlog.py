"""What waits of each room to be heard, by a clock of the test."""

from __future__ import annotations

from typing import Any

import pytest

from aivax_bots import PlatformBusy
from aivax_bots_matrix.backlog import HOLDS_S, LONGEST_REST_S, MOST_EVENTS, Backlog, News

TOWER, CELLAR = "!tower:example.org", "!cellar:example.org"
BUSY = PlatformBusy("matrix", code="503", failed=True)


class Clock:
    """A time that the test sets."""

    def __init__(self) -> None:
        self.now_s = 1_000.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def backlog(clock: Clock) -> Backlog:
    backlog = Backlog(clock)
    for room in (TOWER, CELLAR):
        backlog.add(room, news("first"))
    return backlog


def news(*ids: str) -> News:
    events: list[dict[str, Any]] = [{"event_id": each} for each in ids]
    return News({"events": events}, "s1", missed=False)


def rests_s(backlog: Backlog, clock: Clock, *, error: PlatformBusy = BUSY, took_s: float = 0.0) -> float:
    backlog.put_off(TOWER, error, took_s=took_s)
    rest_s = backlog.due_in_s(1_000.0)
    clock.now_s += rest_s
    return rest_s


def test_a_room_that_is_put_off_keeps_no_other_waiting(backlog: Backlog) -> None:
    backlog.put_off(TOWER, BUSY, took_s=0.0)

    assert backlog.due() == [CELLAR]
    assert backlog.due_in_s(30.0) == 0.0


def test_a_room_rests_longer_with_each_failure_up_to_a_bound_and_is_due_after_it(
    backlog: Backlog, clock: Clock
) -> None:
    backlog.done(CELLAR)

    rests = [rests_s(backlog, clock) for _ in range(12)]

    assert rests[:3] == [0.5, 1.0, 2.0]
    assert rests[-1] == LONGEST_REST_S
    assert backlog.due() == [TOWER]


def test_a_room_rests_as_long_as_the_homeserver_says(backlog: Backlog, clock: Clock) -> None:
    backlog.done(CELLAR)

    assert rests_s(backlog, clock, error=PlatformBusy("matrix", retry_after_s=90.0)) == 90.0


def test_a_room_whose_calls_hang_takes_less_and_less_of_the_time(backlog: Backlog, clock: Clock) -> None:
    backlog.done(CELLAR)

    rests = [rests_s(backlog, clock, took_s=30.0) for _ in range(12)]

    assert rests[:3] == [0.5, 30.0, 60.0]
    assert rests[-1] == 270.0


def test_rooms_in_trouble_are_tried_after_all_others(backlog: Backlog, clock: Clock) -> None:
    backlog.put_off(TOWER, BUSY, took_s=0.0)
    clock.now_s += LONGEST_REST_S

    assert backlog.due() == [CELLAR, TOWER]


def test_what_comes_meanwhile_is_heard_after_what_waits(backlog: Backlog) -> None:
    backlog.put_off(TOWER, BUSY, took_s=0.0)
    backlog.add(TOWER, news("second"))

    assert [each.timeline["events"][0]["event_id"] for each in backlog.news_of(TOWER)] == ["first", "second"]


def test_of_too_many_events_the_oldest_go_and_are_counted(backlog: Backlog) -> None:
    left_out = [backlog.add(TOWER, news(*map(str, range(100)))) for _ in range(MOST_EVENTS // 100)]

    assert sum(left_out) == 1
    assert len(backlog.news_of(TOWER)) == MOST_EVENTS // 100


def test_the_position_waits_for_a_room_in_trouble_but_not_for_ever(backlog: Backlog, clock: Clock) -> None:
    backlog.done(CELLAR)
    backlog.put_off(TOWER, BUSY, took_s=0.0)
    before = backlog.holds
    clock.now_s += HOLDS_S
    after = backlog.holds
    backlog.done(TOWER)

    assert (before, after, backlog.holds) == (True, False, False)
