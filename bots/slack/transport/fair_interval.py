"""Answers under way in one workspace share what it may be called: the more of them, the seldomer each one changes."""

from __future__ import annotations

import asyncio

from core.util.clock import Sleep
from core.util.tasks import first_done


class SharedRate:
    """The answers that share so many calls a minute."""

    def __init__(self, per_minute: float) -> None:
        self.size = 0
        self._per_minute = per_minute

    @property
    def interval_s(self) -> float:
        """How far apart the calls of each one are, if all get the same."""
        return self.size * 60.0 / self._per_minute


class Share:
    """One answer's part, between `begin` and `end`. An answer that is all there need not wait for the others."""

    def __init__(self, rate: SharedRate, least_s: float, sleep: Sleep) -> None:
        """`least_s` is how far apart its calls are where it is alone."""
        self.hurried = False
        self._rate = rate
        self._least_s = least_s
        self._sleep = sleep
        self._hurry = asyncio.Event()
        self._counted = False

    @property
    def interval_s(self) -> float:
        return self._least_s if self.hurried else max(self._least_s, self._rate.interval_s)

    def begin(self) -> None:
        self._rate.size += not self._counted
        self._counted = True

    def end(self) -> None:
        self._rate.size -= self._counted
        self._counted = False

    def hurry(self) -> None:
        """The answer is all there: whoever sleeps in `sleep` wakes."""
        self.hurried = True
        self._hurry.set()

    async def sleep(self, seconds: float) -> None:
        """Sleep, but not through the moment at which the answer is all there."""
        if self.hurried:
            await self._sleep(seconds)
            return
        await first_done(self._sleep(seconds), self._hurry.wait())
