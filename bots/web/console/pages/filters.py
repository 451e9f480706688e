"""What a page's filters ask for, read from its address; and the addresses of its next pages."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from urllib.parse import urlencode

from core.util.text import sound

FIRST_YEAR, LAST_YEAR = 2000, 2999
MOST_CHARS = 300


def given(query: Mapping[str, str], name: str) -> str:
    """What a field holds, without the blanks around it."""
    return sound(query.get(name, "")).strip()[:MOST_CHARS]


def day_of(text: str) -> date | None:
    """Read a day as browsers send it (`2026-09-02`); None of anything else."""
    try:
        found = date.fromisoformat(text)
    except ValueError:
        return None
    return found if FIRST_YEAR <= found.year <= LAST_YEAR else None


def begin_of(day: date | None) -> datetime | None:
    """When a day begins, in UTC."""
    return datetime(day.year, day.month, day.day, tzinfo=UTC) if day is not None else None


def end_of(day: date | None) -> datetime | None:
    """When a day is over, in UTC."""
    begin = begin_of(day)
    return begin + timedelta(days=1) if begin is not None else None


def address(path: str, fields: Mapping[str, str], **more: str) -> str:
    """A page's address with what its filters hold; fields that hold nothing are left out."""
    held = {name: value for name, value in {**fields, **more}.items() if value}
    return f"{path}?{urlencode(held)}" if held else path
