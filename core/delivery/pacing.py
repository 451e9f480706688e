"""When the next call for an answer may go out."""

from __future__ import annotations

from collections.abc import Callable

from core.util.clock import Now, Sleep

_SLOWER_EVERY_S = 60.0
_SLOWEST = 3.0
_SHORTEST_SLICE_S = 0.1
_CLOSE_ENOUGH_S = 0.001


class Pace:
    """Keeps calls `interval_s` apart, and further the longer an answer takes: up to three times as far."""

    def __init__(self, interval_s: Callable[[], float], *, now: Now, sleep: Sleep) -> None:
        self._interval_s = interval_s
        self._now = now
        self._sleep = sleep
        self._began = now()
        self._called = float("-inf")
        self._resting_until = float("-inf")
        self.hurried = False

    def begin(self) -> None:
        """Count from now on how long the answer takes: it is being shown."""
        self._began = self._now()

    def end(self) -> None:
        """Take part in nothing any more that answers share: this one is not shown any further."""

    def called(self) -> None:
        """Start the pause: a call was made."""
        self._called = self._now()

    def rest(self, seconds: float) -> None:
        """Make no call for a while, unless hurried."""
        self._resting_until = self._now() + seconds

    def hurry(self) -> None:
        """Keep no more than the platform's own distance from now on: the answer is all there."""
        self.hurried = True

    async def wait(self) -> None:
        """Return when the next call may be made. Sleeps in slices, so that a hurry is noticed."""
        while (left_s := self._ready_at() - self._now()) > _CLOSE_ENOUGH_S:
            await self._sleep(min(left_s, max(self._interval_s(), _SHORTEST_SLICE_S)))

    def _ready_at(self) -> float:
        if self.hurried:
            return self._called + self._interval_s()
        slower = min(1 + (self._now() - self._began) / _SLOWER_EVERY_S, _SLOWEST)
        return max(self._called + self._interval_s() * slower, self._resting_until)
