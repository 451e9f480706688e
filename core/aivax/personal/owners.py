"""Whose something is: the ids that stand in filters, and the proof that what a filter found is theirs."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from typing import Protocol

from core.aivax.stream.chunks import amount, mapping, word

Count = Callable[[int], Awaitable[None]]
"""Told how many were just deleted, so that a crash forgets few of them."""

_SAFE = re.compile(r"[A-Za-z0-9._-]{1,128}")
_OWNER_KEYS = ("external_user_id", "externalUserId", "user")


class Source(Protocol):
    """One kind of what AIVAX keeps."""

    async def reach(self, user: str) -> None:
        """Look for what is this user's, and change nothing. Raises `AivaxError` where that can't be done."""

    async def delete_of(self, user: str, count: Count) -> bool:
        """Delete all that is this user's; whether it is certain that nothing is left.

        Twice is once. Raises:
            AivaxError: it could not be done, or not to the end; what was counted is gone.
        """


def safe_id(user: str) -> str:
    """An id as it may stand in a filter, where how quotes are escaped is not documented.

    Raises:
        ValueError: it holds anything that could end it: such an id is none of ours.
    """
    if _SAFE.fullmatch(user) is None:
        raise ValueError("an external user id holds letters, digits, dots, dashes and underscores alone")
    return user


def owner_in(told: object) -> str | None:
    """Whose it says it is, letter by letter; None where it does not say."""
    fields = mapping(told)
    for where in (mapping(fields.get("metadata")), fields):
        for key in _OWNER_KEYS:
            if isinstance(where.get(key), str) and where[key]:
                return str(where[key])
    return None


def id_in(told: object, *names: str) -> str:
    """Its id, under the first of these names that it has; `""`: none."""
    fields = mapping(told)
    return next((word(fields.get(name)) for name in names if word(fields.get(name))), "")


def moment_in(told: Mapping[str, object], *names: str) -> datetime | None:
    """A moment, as seconds since 1970 or as ISO 8601; one without an offset is taken for UTC."""
    for name in names:
        value = told.get(name)
        try:
            if isinstance(value, str) and not value.strip().isdigit():
                moment = datetime.fromisoformat(value.strip())
                return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
            if (seconds := amount(value)) is not None and seconds > 0:
                return datetime.fromtimestamp(seconds, UTC)
        except (ValueError, OverflowError, OSError):
            continue
    return None
