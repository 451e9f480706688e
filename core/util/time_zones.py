"""Time zones by their names, as IANA has them: `Europe/Lisbon`; and the days and months that begin in them."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo

_FORM = re.compile(r"[A-Za-z][A-Za-z0-9_+-]{1,31}(?:/[A-Za-z0-9_+-]{1,31}){0,2}")
_OF_ONE_MACHINE = frozenset({"localtime", "posixrules", "Factory"})


@lru_cache(maxsize=1024)
def is_time_zone(name: str) -> bool:
    """Tell whether there is such a zone; on a machine that knows no zones, whether the name has their form."""
    if not _FORM.fullmatch(name) or name in _OF_ONE_MACHINE:
        return False
    return _is_known(name) or not _is_known("UTC")


def month_of(at: datetime, zone: str) -> tuple[datetime, datetime]:
    """When the calendar month begins that a moment lies in, and when the next one does, both in UTC.

    An empty `zone` is UTC, and so is one that this machine does not know.
    """
    start = at.astimezone(_zone(zone)).replace(day=1, hour=0, minute=0, second=0, microsecond=0, fold=0)
    following = (start + timedelta(days=32)).replace(day=1)
    return start.astimezone(UTC), following.astimezone(UTC)


def day_in(at: datetime, zone: str) -> date:
    """The calendar day that a moment lies in. An empty `zone` is UTC, like one that this machine does not know."""
    return at.astimezone(_zone(zone)).date()


def begin_of(day: date, zone: str) -> datetime:
    """When a calendar day begins, in UTC. Days of changed clocks have 23 or 25 hours."""
    return datetime.combine(day, time(), _zone(zone)).astimezone(UTC)


def known_zone(name: str) -> tzinfo:
    """The zone of a name; `""` is UTC. Raises `ZoneInfoNotFoundError` where this machine does not know it."""
    return ZoneInfo(name) if name else UTC


def knows_zone(name: str) -> bool:
    """Whether this machine knows a zone: one without time zone data knows none but UTC."""
    return not name or _is_known(name)


def _zone(name: str) -> tzinfo:
    return ZoneInfo(name) if name and _is_known(name) else UTC


def _is_known(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # no such file, or one that is no zone
        return False
    return True
