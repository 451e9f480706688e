"""Answers under way in one workspace share what it may be called: the more of them, the less often each one changes."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from core.delivery.pacing import Pace
from core.util.clock import Now, Sleep
from core.util.tasks import first_done


@dataclass(slots=True, eq=False)
class SharedRate:
    """So many calls a minute, for all answers under way together."""

    per_minute: float
    size: int = 0
    """How many answers share it."""

    @property
    def interval_s(self) -> float:
        """How far apart the calls of each one are, if all get the same."""
        return self.size * 60.0 / self.per_minute


class SharedPace(Pace):
    """The pace of one answer among others. One that is all there need not wait for them."""

    def __init__(self, rate: SharedRate, least_s: float, *, now: Now, sleep: Sleep) -> None:
        """`least_s` is how far apart its calls are where it is alone."""
        super().__init__(lambda: self.interval_s, now=now, sleep=self.sleep)
        self._rate = rate
        self._least_s = least_s
        self._sleep_through = sleep
        self._hurry = asyncio.Event()
        self._counted = False

    @property
    def interval_s(self) -> float:
        return self._least_s if self.hurried else max(self._least_s, self._rate.interval_s)

    def begin(self) -> None:
        """Take part in the rate."""
        super().begin()
        self._rate.size += not self._counted
        self._counted = True

    def end(self) -> None:
        """Leave the rate to the others."""
        self._rate.size -= self._counted
        self._counted = False

    def hurry(self) -> None:
        """Wait for the others no longer: `sleep` returns at once."""
        super().hurry()
        self._hurry.set()

    async def sleep(self, seconds: float) -> None:
        """Sleep, but not through the moment at which the answer is all there."""
        hurry = [] if self.hurried else [self._hurry.wait()]
        await first_done(self._sleep_through(seconds), *hurry)
