"""How fast one channel is written to, all answers in it together."""

from __future__ import annotations

import asyncio
import math
from collections import deque
from collections.abc import Awaitable, Callable

from bots.discord.transport.timing import Timing

WRITES = 4
"""Observed: 5 creates and 5 edits per 5 s and channel. discord.py counts both as one, and sleeps at the fifth."""
TYPING_S = 6.0
"""A typing sign shows for 10 s; one for all answers of a channel is enough."""
MOST_CHANNELS = 1000
KEPT_BACK = 1
"""Writes that Discord would still take and we don't make: at the last one discord.py sleeps inside the call."""
LONGEST_CLOSED_S = 60.0


Guard = Callable[[], Awaitable[object]]
"""Raises where the answer is another process's by now."""


async def unguarded() -> None:
    """Let everything pass."""


class ChannelPace:
    """Lets one write at a time into a channel, in the order of asking, four in a window of time.

    Fewer where Discord says so: its headers count what other processes of the same bot write, too.
    """

    def __init__(self, timing: Timing) -> None:
        self._timing = timing
        self._lock = asyncio.Lock()
        self._written: deque[float] = deque(maxlen=WRITES)
        self._typed = float("-inf")
        self._waiting = 0
        self._closed_until = float("-inf")

    async def enter(self, guard: Guard = unguarded) -> None:
        """Wait for our turn. After a wait `guard` is called; when it raises, the turn is given up.

        A caller that entered must leave, also when its write failed.
        """
        waited = self._lock.locked() or self._waiting > 0
        self._waiting += 1
        try:
            await self._lock.acquire()
        finally:
            self._waiting -= 1
        try:
            if (pause := self._pause_s()) > 0:
                await self._timing.sleep(pause)
                waited = True
            if waited:
                await guard()
        except BaseException:
            self._lock.release()
            raise

    def leave(self) -> None:
        """Let the next one in. A post also ends the typing sign."""
        self._written.append(self._timing.now())
        self._lock.release()

    def limited(self, remaining: int, reset_after_s: float) -> None:
        """Take note of what Discord's headers say after a write."""
        if remaining <= KEPT_BACK and math.isfinite(reset_after_s):
            self._closed_until = max(
                self._closed_until, self._timing.now() + min(reset_after_s, LONGEST_CLOSED_S)
            )

    def may_type(self) -> bool:
        """Tell whether a typing sign is due, and count it as sent."""
        if self._timing.now() - self._typed < TYPING_S:
            return False
        self._typed = self._timing.now()
        return True

    def stopped_typing(self) -> None:
        self._typed = float("-inf")

    @property
    def idle(self) -> bool:
        return not self._lock.locked() and not self._waiting and self._pause_s() <= 0

    def _pause_s(self) -> float:
        now = self._timing.now()
        closed_s = max(0.0, self._closed_until - now)
        if len(self._written) < WRITES:
            return closed_s
        return max(closed_s, self._written[0] + self._timing.write_window_s - now)
