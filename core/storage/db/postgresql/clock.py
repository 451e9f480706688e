"""The database's time of day, known without asking for it each time."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime

from core.util.clock import Now, utc_now

MEASURE_EVERY_S = 60.0
"""How old a measurement may get: two clocks drift apart by milliseconds in that time."""


def uptime() -> float:
    """Seconds on a clock that nobody sets, and that goes on while the machine sleeps where the system has one."""
    boot = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if boot is None else time.clock_gettime(boot)


class ServerClock:
    """The server's time, from its distance to this machine's uptime: setting this machine's clock changes nothing."""

    def __init__(self, since: Now = uptime, until_known: Callable[[], datetime] = utc_now) -> None:
        """`until_known` tells the time before the server's was measured."""
        self.since = since
        self._until_known = until_known
        self._ahead_s: float | None = None
        self._measured_at = 0.0

    @property
    def is_stale(self) -> bool:
        """Whether it is to be measured, again or for the first time."""
        return self._ahead_s is None or self.since() - self._measured_at > MEASURE_EVERY_S

    def now(self) -> datetime:
        if self._ahead_s is None:
            return self._until_known()
        return datetime.fromtimestamp(self._ahead_s + self.since(), UTC)

    def note(self, told: datetime, asked_at: float) -> None:
        """Take in what the server told when asked at `asked_at` by `since`.

        By now it is between that time and later by the whole round trip. What is known is moved no further than
        into that span: a slow answer makes no clock jump.
        """
        answered_at, told_s = self.since(), told.timestamp()
        earliest, latest = told_s - answered_at, told_s - asked_at
        known = (earliest + latest) / 2 if self._ahead_s is None else self._ahead_s
        self._ahead_s = min(max(known, earliest), latest)
        self._measured_at = answered_at
