"""The clocks and the pause that services take as arguments, so that tests can move time."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

Now = Callable[[], float]
"""Seconds on a clock that never goes back, like `time.monotonic`."""
Clock = Callable[[], datetime]
"""The time of day, with its zone, like `utc_now`."""
Sleep = Callable[[float], Awaitable[object]]
"""Pauses for so many seconds, like `asyncio.sleep`."""


def utc_now() -> datetime:
    return datetime.now(UTC)
