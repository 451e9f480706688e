"""When somebody wants to be reminded, read from their words in any language of the bot; what of stands behind it.

`in 2 hours to call Ana`, `tomorrow at 9:00: send the report`, `on 2027-03-01 to renew it`, `every monday at 9:00`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from core.scheduled.schedule import EVERY_DAY, Schedule, instant
from core.util.time_zones import known_zone

USUAL = time(9)
"""The time of a day that is named without one."""
_UNITS: Mapping[str, tuple[str, ...]] = {
    "minutes": ("minute", "minutes", "min", "mins", "minuto", "minutos"),
    "hours": ("hour", "hours", "h", "hr", "hrs", "hora", "horas"),
    "days": ("day", "days", "d", "dia", "dias"),
    "weeks": ("week", "weeks", "w", "semana", "semanas"),
}
_UNIT_OF = {word: unit for unit, words in _UNITS.items() for word in words}
_WEEKDAYS = (
    ("monday", "mondays", "lunes", "segunda", "segunda-feira", "segundas"),
    ("tuesday", "tuesdays", "martes", "terca", "terca-feira", "tercas"),
    ("wednesday", "wednesdays", "miercoles", "quarta", "quarta-feira", "quartas"),
    ("thursday", "thursdays", "jueves", "quinta", "quinta-feira", "quintas"),
    ("friday", "fridays", "viernes", "sexta", "sexta-feira", "sextas"),
    ("saturday", "saturdays", "sabado", "sabados"),
    ("sunday", "sundays", "domingo", "domingos"),
)
_DAY_OF = {word: number for number, words in enumerate(_WEEKDAYS) for word in words}
_WORKING = frozenset(range(5))
_DAYS_OF: Mapping[str, frozenset[int]] = {
    **dict.fromkeys(("day", "days", "dia", "dias"), EVERY_DAY),
    **dict.fromkeys(("weekday", "weekdays", "dia util", "dias uteis", "dia laborable"), _WORKING),
    **{word: frozenset({number}) for word, number in _DAY_OF.items()},
}


def _one_of(words: Mapping[str, object]) -> str:
    return "|".join(map(re.escape, sorted(words, key=len, reverse=True)))


_ME = re.compile(r"me\b[\s:,]*")
_IN = re.compile(
    r"(?:in|en|em|dentro de|daqui a)\s+(?P<count>\d{1,4}|an?|una?|uma?)\s*"
    rf"(?P<unit>{_one_of(_UNIT_OF)})\b"
)
_MORE = re.compile(rf"(?:,\s*|(?:and|y|e)\s+)?(?P<count>\d{{1,4}})\s*(?P<unit>{_one_of(_UNIT_OF)})\b")
_EVERY = re.compile(
    r"(?:every|each|cada|tod[oa]s?(?: (?:los|las|os|as))?)\s+"
    rf"(?P<days>(?:{_one_of(_DAYS_OF)})(?:(?:\s*,\s*|\s+(?:and|y|e)\s+)(?:{_one_of(_DAY_OF)}))*)\b"
)
_DATE = re.compile(r"(?:on\s+|el\s+|em\s+|no dia\s+|dia\s+)?(?P<date>\d{4}-\d{2}-\d{2})\b")
_NEXT = re.compile(r"(?P<today>today|hoy|hoje)\b|(?:tomorrow|manana|amanha)\b")
_WEEKDAY = re.compile(rf"(?:on\s+|next\s+|el\s+|na\s+|no\s+|proxim[oa]\s+)?(?P<day>{_one_of(_DAY_OF)})\b")
_CLOCK = re.compile(
    r"(?P<lead>at\s+|a las?\s+|as\s+|@\s*)?"
    r"(?P<hour>\d{1,2})(?:[:h](?P<minute>\d{2})|(?P<sharp>h))?\s*(?P<half>[ap]m)?(?!\w|:\d)"
)
_ANOTHER = re.compile(r"(?:at\s+|a las?\s+|as\s+|@\s*)\d{1,2}[:h]\d{2}")
"""A time of day that is none, or a second one: what is meant would be guessed."""
_BETWEEN = re.compile(r"\s*[:,-]?\s*(?:(?:to|that|about|of|de|que|para)\b\s*[:,-]?\s*)?")


@dataclass(frozen=True, slots=True)
class Wanted:
    """When, and what of."""

    due: datetime
    """In UTC. May have gone by, where a date or `today` was named."""
    text: str
    every: Schedule | None = None


def read(words: str, now: datetime, zone: str) -> Wanted | None:
    """Read a time and a text; None where no time is understood, or one beyond the last day that there is.

    `zone` is a time zone that the machine knows.
    """
    try:
        return _read(words, now, zone)
    except OverflowError:
        return None


def _read(words: str, now: datetime, zone: str) -> Wanted | None:
    reader = _Reader(words)
    reader.take(_ME)
    found = _relative(reader, now, zone) or _recurring(reader, now, zone) or _absolute(reader, now, zone)
    if found is None or reader.take(_ANOTHER) is not None:
        return None
    due, every = found
    reader.take(_BETWEEN)
    return Wanted(due, reader.rest, every)


class _Reader:
    """A text, read from its beginning, whatever its case and accents."""

    def __init__(self, text: str) -> None:
        self._text = unicodedata.normalize("NFC", text.strip())
        self._plain = "".join(map(_plain, self._text))
        self._at = 0

    def take(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        """Read on where the pattern stands next."""
        found = pattern.match(self._plain, self._skipped())
        if found is not None:
            self._at = found.end()
        return found

    def back(self, position: int) -> None:
        self._at = position

    @property
    def position(self) -> int:
        return self._at

    @property
    def rest(self) -> str:
        return self._text[self._at :].strip()

    def _skipped(self) -> int:
        at = self._at
        while at < len(self._plain) and self._plain[at].isspace():
            at += 1
        return at


def _plain(character: str) -> str:
    """The letter without its accent, in lower case; one for one, so that places in the text stay the same."""
    folded = unicodedata.normalize("NFD", character)[0].lower()
    return folded if len(folded) == 1 else character


def _relative(reader: _Reader, now: datetime, zone: str) -> tuple[datetime, None] | None:
    found = reader.take(_IN)
    if found is None:
        return None
    days = exact = timedelta()
    while found is not None:
        count = int(found["count"]) if found["count"].isdigit() else 1
        unit = _UNIT_OF[found["unit"]]
        if unit in ("minutes", "hours"):
            exact += timedelta(**{unit: count})
        else:
            days += timedelta(**{unit: count})
        found = reader.take(_MORE)
    if not days:
        return now + exact, None
    here = now.astimezone(known_zone(zone))
    return instant(here.date() + days, here.time(), zone) + exact, None


def _recurring(reader: _Reader, now: datetime, zone: str) -> tuple[datetime, Schedule] | None:
    found = reader.take(_EVERY)
    if found is None:
        return None
    named = _DAYS_OF.get(found["days"])
    if named is None:
        words = re.split(r"\s*,\s*|\s+(?:and|y|e)\s+", found["days"])
        named = frozenset().union(*(_DAYS_OF[word] for word in words))
    schedule = Schedule(_clock(reader) or USUAL, zone, named)
    return schedule.after(now), schedule


def _absolute(reader: _Reader, now: datetime, zone: str) -> tuple[datetime, None] | None:
    """A day, a time of day, or both in either order."""
    at = _clock(reader)
    day = _day(reader, now, zone)
    if day is None:
        return (Schedule(at, zone).after(now), None) if at is not None else None
    at = at or _clock(reader) or USUAL
    if isinstance(day, int):
        return Schedule(at, zone, frozenset({day})).after(now), None
    return instant(day, at, zone), None


def _day(reader: _Reader, now: datetime, zone: str) -> date | int | None:
    """A date, or the number of a day of the week."""
    begun = reader.position
    today = now.astimezone(known_zone(zone)).date()
    if (found := reader.take(_DATE)) is not None:
        try:
            return date.fromisoformat(found["date"])
        except ValueError:
            reader.back(begun)
            return None
    if (found := reader.take(_NEXT)) is not None:
        return today if found["today"] else today + timedelta(days=1)
    if (found := reader.take(_WEEKDAY)) is not None:
        return _DAY_OF[found["day"]]
    return None


def _clock(reader: _Reader) -> time | None:
    """A time of day: `at 9`, `9:30`, `9h`, `9 pm`. A bare number is none."""
    begun = reader.position
    found = reader.take(_CLOCK)
    if found is None:
        return None
    hour, minute = int(found["hour"]), int(found["minute"] or 0)
    if found["half"]:
        if not 1 <= hour <= 12:
            reader.back(begun)
            return None
        hour = hour % 12 + (12 if found["half"] == "pm" else 0)
    is_time = bool(found["lead"] or found["minute"] or found["sharp"] or found["half"])
    if not is_time or hour > 23 or minute > 59:
        reader.back(begun)
        return None
    return time(hour, minute)
