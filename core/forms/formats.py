"""The formats of JSON Schema that a text can be checked for here."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime, time
from ipaddress import IPv4Address, IPv6Address
from urllib.parse import urlsplit
from uuid import UUID

_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_TIME = re.compile(r"\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:[Zz]|[+-]\d\d:\d\d)", re.ASCII)
_EMAIL = re.compile(r"[^\s@]{1,64}@[^\s@.]+(?:\.[^\s@.]+)*")
_UUID = re.compile(r"(?i)[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_MOST_CHARS = 2_000
"""No text of one of these formats is longer."""


def fits_format(name: str, text: str) -> bool:
    """Whether a text has a format; one that is not known is had by every text."""
    check = FORMATS.get(name)
    return check is None or (len(text) <= _MOST_CHARS and check(text))


def _made_by(make: Callable[[str], object], text: str) -> bool:
    try:
        make(text)
    except ValueError:
        return False
    return True


def _is_date(text: str) -> bool:
    return _DATE.fullmatch(text) is not None and _made_by(date.fromisoformat, text)


def _is_time(text: str) -> bool:
    return _TIME.fullmatch(text) is not None and _made_by(time.fromisoformat, text[:8])


def _is_date_time(text: str) -> bool:
    day, hour = text[:10], text[11:]
    return text[10:11] in ("T", "t") and _is_date(day) and _is_time(hour) and _made_by(_moment, text)


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text[:19].upper())


def _is_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return bool(parts.scheme) and ":" in text and not re.search(r"\s", text)


FORMATS: Mapping[str, Callable[[str], bool]] = {
    "date": _is_date,
    "time": _is_time,
    "date-time": _is_date_time,
    "email": lambda text: _EMAIL.fullmatch(text) is not None,
    "uri": _is_address,
    "uuid": lambda text: _UUID.fullmatch(text) is not None and _made_by(UUID, text),
    "ipv4": lambda text: _made_by(IPv4Address, text),
    "ipv6": lambda text: _made_by(IPv6Address, text),
}
"""Each by its name."""
