"""When digests and reminders are due: once a day on the clocks of their zone, whatever those do."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.scheduled.schedule import EVERY_DAY, Schedule

ZONES = (
    "America/Sao_Paulo",
    "Europe/Lisbon",
    "America/New_York",
    "Australia/Lord_Howe",  # half an hour
    "Africa/Casablanca",  # twice a year around Ramadan
    "Asia/Beirut",  # at midnight
    "America/Asuncion",
    "Antarctica/Troll",  # two hours
    "Pacific/Chatham",
    "Asia/Kolkata",
    "",
)
times = st.builds(time, st.integers(0, 23), st.integers(0, 59))
days_of_week = st.frozensets(st.integers(0, 6), min_size=1)
moments = st.integers(0, 47 * 365 * 24).map(
    lambda hours: datetime(1990, 1, 1, tzinfo=UTC) + timedelta(hours=hours)
)


@settings(max_examples=20)
@given(times, st.sampled_from(ZONES), moments)
def test_every_local_day_has_its_time_exactly_once(at: time, zone: str, start: datetime) -> None:
    schedule, due = Schedule(at, zone), start
    found = []
    for _ in range(400):  # more than a year, so that each change of clocks is met
        due = schedule.after(due)
        found.append(due)

    tz = ZoneInfo(zone) if zone else UTC
    local = [each.astimezone(tz) for each in found]
    days = [each.date() for each in local]
    assert days == [days[0] + timedelta(days=n) for n in range(400)]
    on_time = [each for each in local if each.time() == at]
    assert len(on_time) >= 394  # the others were in an hour that there was not
    assert all(each.fold == 0 for each in on_time)
    assert all(each.time() > at for each in local if each.time() != at)


@settings(max_examples=50)
@given(times, st.sampled_from((*ZONES, "Pacific/Apia")), days_of_week, moments)
def test_before_after_and_latest_fit_together(
    at: time, zone: str, days: frozenset[int], moment: datetime
) -> None:
    schedule = Schedule(at, zone, days)
    after, latest = schedule.after(moment), schedule.latest(moment)

    assert latest <= moment < after
    assert schedule.before(after) == latest
    assert schedule.after(latest) == after
    assert schedule.latest(after) == after
    assert after - latest <= timedelta(days=9)


@given(times, st.sampled_from(ZONES), days_of_week)
def test_a_schedule_is_read_back_as_it_was(at: time, zone: str, days: frozenset[int]) -> None:
    assert Schedule.parse(str(Schedule(at, zone, days))) == Schedule(at, zone, days)


@pytest.mark.parametrize(
    ("zone", "day", "at", "expected"),
    [
        ("Europe/Lisbon", date(2026, 3, 29), time(1, 30), "2026-03-29T01:30"),  # left out: told an hour later
        ("Europe/Lisbon", date(2026, 10, 25), time(1, 30), "2026-10-25T00:30"),  # twice: the first
        ("Asia/Beirut", date(2026, 3, 29), time(0, 15), "2026-03-28T22:15"),
        ("America/Sao_Paulo", date(2018, 11, 4), time(0, 0), "2018-11-04T03:00"),
    ],
)
def test_an_hour_that_is_not_there_comes_later_and_one_that_is_twice_counts_once(
    zone: str, day: date, at: time, expected: str
) -> None:
    due = Schedule(at, zone).on(day)

    assert f"{due:%Y-%m-%dT%H:%M}" == expected
    assert Schedule(at, zone).after(due) - due >= timedelta(hours=22)


def test_a_day_that_a_country_left_out_has_none() -> None:
    schedule = Schedule(time(9), "Pacific/Apia", EVERY_DAY)
    due, local = datetime(2011, 12, 28, tzinfo=UTC), []
    for _ in range(4):
        due = schedule.after(due)
        local.append(due.astimezone(ZoneInfo("Pacific/Apia")).date().isoformat())

    assert local == ["2011-12-28", "2011-12-29", "2011-12-31", "2012-01-01"]


def test_a_week_s_digest_covers_a_week() -> None:
    monday = Schedule(time(9), "Europe/Lisbon", frozenset({0}))
    due = monday.after(datetime(2026, 3, 25, tzinfo=UTC))

    assert due == datetime(2026, 3, 30, 8, tzinfo=UTC)
    assert due - monday.before(due) == timedelta(days=7) - timedelta(hours=1)
