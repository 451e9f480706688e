"""How fast one channel, or one webhook, is written to, all answers there together."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable, Mapping, Sequence

from bots.discord.events.address import PLATFORM
from bots.discord.transport.timing import Timing
from core.delivery.call_windows import Rate, SlidingWindow
from core.delivery.pacing import SharedRate
from core.delivery.shared_budget import SharedBudget
from core.domain import PlatformBusy

TYPING_S = 6.0
"""A typing sign shows for 10 s; one for all answers of a channel is enough."""
MOST_PACES = 1000
KEPT_BACK = 1
"""Writes that Discord would still take and we don't make: at the last one discord.py sleeps inside the call."""
LONGEST_CLOSED_S = 60.0
LONGEST_SHARED_S = 60.0
"""How long a write that ends an answer may wait for those of other processes."""
_LOOK_AGAIN_S = 0.2
EVERYTHING: Mapping[str, Rate] = {"everything": Rate(40, 1.0, kept=8)}
"""Discord's limit is 50 calls a second of a bot in all (https://docs.discord.com/developers/topics/rate-limits). Some
are left for calls that nobody books, such as those of a listener that is alone, and for how unevenly calls arrive."""
BACKFILL: Mapping[str, Rate] = {"backfill": Rate(9, 1.0), **EVERYTHING}
"""What is looked for while answers are written: all processes together as fast as one by itself."""

Guard = Callable[[], Awaitable[object]]
"""Raises where the answer is another process's by now."""


async def unguarded() -> None:
    """Let everything pass."""


def channel_rates(timing: Timing) -> Sequence[Rate]:
    """Observed: 5 creates and 5 edits per 5 s and channel. discord.py counts both as one, and sleeps at the fifth."""
    return (Rate(4, timing.write_window_s, kept=1),)


def webhook_rates(timing: Timing) -> Sequence[Rate]:
    """Observed: 5 calls per 2 s and 30 a minute."""
    return Rate(4, timing.webhook_window_s, kept=1), Rate(28, timing.webhook_minute_s, kept=6)


class WritePace:
    """Lets one write at a time into a place, as many in any stretch of time as its rates say.

    Writes that end an answer, and others that have no later, go in the order of asking. What an answer shows while it
    grows waits for nobody: it goes now, if a write is left for an end then, or later with more of the answer. Fewer
    writes go where Discord says so: its headers count what other processes of the same bot write, too.
    """

    def __init__(self, timing: Timing, rates: Sequence[Rate], budget: SharedBudget | None = None) -> None:
        """`budget`: the writes into this place, which all processes share."""
        self._timing = timing
        self._budget = budget
        self._rates = {f"{rate.window_s:g}": rate for rate in rates}
        self._windows = [SlidingWindow(rate) for rate in rates]
        self._lock = asyncio.Lock()
        self._typed = float("-inf")
        self._waiting = 0
        self._closed_until = float("-inf")
        self.growing = SharedRate(min(rate.growing_per_minute for rate in rates))
        """The answers there that are shown while they grow."""

    async def enter(self, guard: Guard = unguarded, *, growing: bool = False) -> None:
        """Wait for our turn. After a wait `guard` is called; when it raises, the turn is given up.

        A caller that entered must leave, also when its write failed.

        Raises:
            PlatformBusy: what is `growing` would have to wait; `retry_after_s` tells how long.
        """
        waited = self._lock.locked() or self._waiting > 0
        if growing:
            wait_s = self._pause_s(growing=True) or (_LOOK_AGAIN_S if waited else 0.0)
            if wait_s > 0:
                raise PlatformBusy(PLATFORM, code="kept_back", retry_after_s=wait_s)
        self._waiting += 1
        try:
            await self._lock.acquire()
        finally:
            self._waiting -= 1
        try:
            if (pause := self._pause_s()) > 0:
                await self._timing.sleep(pause)
                waited = True
            if self._budget is not None:
                waited |= await self._wait_for_others(self._budget, growing)
            if waited:
                await guard()
        except BaseException:
            self._lock.release()
            raise

    async def _wait_for_others(self, budget: SharedBudget, growing: bool) -> bool:
        """Wait for our turn among all processes; whether that took any time."""
        began, most_s = self._timing.now(), 0.0 if growing else LONGEST_SHARED_S
        if (later_s := await budget.enter(self._rates, growing=growing, most_s=most_s)) > 0:
            raise PlatformBusy(PLATFORM, code="kept_back", retry_after_s=later_s)
        return self._timing.now() > began

    def leave(self) -> None:
        """Let the next one in. The write counts from now on: Discord had it by now at the latest."""
        for window in self._windows:
            window.book(self._timing.now())
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
        """Note that a post ended the typing sign."""
        self._typed = float("-inf")

    @property
    def idle(self) -> bool:
        """Whether nothing is lost when it is forgotten."""
        busy = self._lock.locked() or self._waiting or self.growing.size
        return not busy and self._pause_s() <= 0

    def _pause_s(self, *, growing: bool = False) -> float:
        now = self._timing.now()
        at = max(now, self._closed_until)
        for window in self._windows:
            window.forget(now)
        before = float("-inf")
        while at != before:
            before = at
            for window in self._windows:
                at = window.earliest(at, window.rate.calls - (window.rate.kept if growing else 0))
        return at - now
