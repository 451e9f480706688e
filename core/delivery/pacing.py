"""When the next call for an answer may go out, while the answer grows."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from core.util.clock import Now, Sleep
from core.util.tasks import first_done

FIRST_WORDS_AFTER_S = 0.25
"""How long an answer's first words are held: one that is whole by then is shown by a single call."""
STATUS_AFTER_S = 1.5
"""How long there has to be something to say of the work before a message says it: until then the platform's own sign
does, and what is answered meanwhile needs no message that has to be changed."""
LONGEST_HOLD_S = 10.0
"""How long a message waits that should not be begun yet; what is whole by then is shown by a single call."""
_SOONEST_S, _GROWTH, _GROWN_AFTER = 1.0, 1.5, 10
_SLOWER_EVERY_S, _SLOWEST = 60.0, 3.0
_LONGEST_SLICE_S = 1.0
_SHORTEST_REST_S = 0.1
_CLOSE_ENOUGH_S = 0.001


@dataclass(slots=True, eq=False)
class SharedRate:
    """So many calls a minute, for all answers together that are shown while they grow."""

    per_minute: float
    size: int = 0
    """How many answers share it."""

    @property
    def interval_s(self) -> float:
        """How far apart the calls of each one are, if all get the same; one alone may take its share in a burst."""
        return self.size * 60.0 / self.per_minute if self.size > 1 else 0.0


class Pace:
    """The pace of one answer, whose text is shown while it grows.

    The first words are held for a moment. Then the calls come further and further apart: first after a second, soon
    `interval_s`, and up to three times as much as the answer takes minutes; and never oftener than what it shares with
    other answers leaves it. This is what is pleasant to read: what the platform allows is kept where it is called. An
    answer that is all there waits for nothing here.
    """

    def __init__(
        self,
        interval_s: Callable[[], float],
        *,
        rate: SharedRate | None = None,
        may_begin: Callable[[], bool] = lambda: True,
        first_words_after_s: float = FIRST_WORDS_AFTER_S,
        now: Now,
        sleep: Sleep,
    ) -> None:
        """`may_begin` tells whether a message that is begun now could be finished at once; where it could not, the
        answer is held until it can, or is whole, or for ten seconds."""
        self._interval_s = interval_s
        self._rate = rate
        self._may_begin = may_begin
        self._first_words_after_s = first_words_after_s
        self._now = now
        self._sleep = sleep
        self._spoke_at = self._noted_at = float("-inf")
        self._says_words = False
        """Whether a call was made since there are words."""
        self._began = self._called = self._resting_until = float("-inf")
        self._calls = 0
        self._in_rate = False
        self._news = asyncio.Event()
        self.hurried = False

    def spoke(self) -> None:
        """There are words to show."""
        if self._spoke_at < 0:
            self._spoke_at = self._now()
            self._news.set()

    def noted(self) -> None:
        """There is a status to show."""
        if self._noted_at < 0:
            self._noted_at = self._now()

    def called(self) -> None:
        """Start the pause: a call was made. From the first one on the answer takes part in the rate."""
        self._called = self._now()
        self._calls += 1
        self._says_words = self._spoke_at >= 0
        if self._calls == 1:
            self._began = self._called
        if self._rate is not None and not self._in_rate and not self.hurried:
            self._in_rate = True
            self._rate.size += 1

    def end(self) -> None:
        """Leave the rate to the others: this answer is not shown any further."""
        if self._rate is not None and self._in_rate:
            self._in_rate = False
            self._rate.size -= 1

    def rest(self, seconds: float) -> None:
        """Make no call for a while, a tenth of a second at least, unless hurried."""
        self._resting_until = self._now() + max(seconds, _SHORTEST_REST_S)

    def hurry(self) -> None:
        """Wait no longer: the answer is all there."""
        self.hurried = True
        self._news.set()

    async def wait(self) -> None:
        """Return when the next call may be made. Sleeps in slices: how long it takes may change meanwhile."""
        while not self.hurried and (left_s := self._ready_at() - self._now()) > _CLOSE_ENOUGH_S:
            self._news.clear()
            await first_done(self._sleep(min(left_s, _LONGEST_SLICE_S)), self._news.wait())

    def _ready_at(self) -> float:
        return max(self._held_until(), self._called + self._pause_s(), self._resting_until)

    def _held_until(self) -> float:
        if self._says_words:
            return float("-inf")
        if self._calls == 0 and not self._may_begin():
            return max(self._spoke_at, self._noted_at) + LONGEST_HOLD_S
        if self._spoke_at >= 0:
            return self._spoke_at + self._first_words_after_s
        return self._noted_at + STATUS_AFTER_S if self._calls == 0 else float("-inf")

    def _pause_s(self) -> float:
        early_s = _SOONEST_S * _GROWTH ** min(self._calls - 1, _GROWN_AFTER)
        shared_s = self._rate.interval_s if self._rate is not None else 0.0
        slower = min(1 + max(0.0, self._now() - self._began) / _SLOWER_EVERY_S, _SLOWEST)
        return max(min(self._interval_s(), early_s), shared_s) * slower
