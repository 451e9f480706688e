"""Times of a day in a time zone, on some days of the week: when each comes, whatever the clocks there do."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal, get_args

from core.util.time_zones import known_zone

Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
WEEKDAYS: tuple[Weekday, ...] = get_args(Weekday)
EVERY_DAY = frozenset(range(7))
_AROUND = 9
"""Days to look at on both sides of one: a week, and one more for the zone and one for a day that a country left out."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """Each of `days` has it once, at `at` on the clocks of `zone`.

    A time that a change of clocks leaves out comes as much later as they were put forward; one that there is twice
    counts the first time. A day that a country left out altogether (Samoa, 30 December 2011) has none.
    """

    at: time
    zone: str
    """By its IANA name; `""`: UTC."""
    days: frozenset[int] = EVERY_DAY
    """Of the week, 0: Monday."""

    def after(self, moment: datetime) -> datetime:
        """The first time after a moment, in UTC."""
        return min(each for each in self._around(moment) if each > moment)

    def before(self, moment: datetime) -> datetime:
        """The last time before a moment, in UTC."""
        return max(each for each in self._around(moment) if each < moment)

    def latest(self, moment: datetime) -> datetime:
        """The last time that has come by a moment, the moment itself included, in UTC."""
        return max(each for each in self._around(moment) if each <= moment)

    def on(self, day: date) -> datetime:
        """The time on a calendar day, in UTC."""
        return instant(day, self.at, self.zone)

    def _around(self, moment: datetime) -> Iterator[datetime]:
        here = moment.astimezone(known_zone(self.zone)).date()
        for offset in range(-_AROUND, _AROUND + 1):
            day = here + timedelta(days=offset)
            if day.weekday() in self.days:
                yield self.on(day)

    def __str__(self) -> str:
        """As `parse` reads it."""
        return f"{self.at:%H:%M} {''.join(str(each) for each in sorted(self.days))} {self.zone}".rstrip()

    @classmethod
    def parse(cls, text: str) -> Schedule:
        """Read back what `str` wrote."""
        at, days, zone = (*text.split(" ", 2), "")[:3]
        return cls(time.fromisoformat(at), zone, frozenset(map(int, days)))


def instant(day: date, at: time, zone: str) -> datetime:
    """When the clocks of a zone show a time on a day, in UTC; see `Schedule` for those that they skip or show twice."""
    # fold 0: of two the first, and in a gap the offset from before it (PEP 495)
    return datetime.combine(day, at, known_zone(zone)).replace(fold=0).astimezone(UTC)
