"""How long one call may wait: for its first sign of life, between two of them, and in all."""

from __future__ import annotations

import asyncio
from types import TracebackType

from core.domain import Unavailable
from core.settings import AivaxSettings
from core.util.wait_limit import WaitLimit

TAIL_S = 5.0
"""How long silence lasts behind a finish reason before the answer is whole without usage and `[DONE]`.

Pings are silence. Text, thinking and tools are not: some servers send a reason with every chunk.
"""
ANSWER_WHOLE = "answer_whole"
"""The code of the limit on that silence."""


class Deadlines:
    """The time limits of one call, over all its tries. What is awaited under `with deadlines:` is bounded.

    For the whole call the clock on the wall counts, whatever the time is spent on; for silence only the waiting.
    A wait that takes too long ends with `Unavailable`, whose `code` names the limit that was reached.
    """

    def __init__(self, settings: AivaxSettings) -> None:
        self._answer_s = settings.answer_timeout_s
        self._first_event_s = settings.first_event_timeout_s
        self._idle_s = settings.idle_timeout_s
        self.waited_s = 0.0
        """Waiting for AIVAX, and in pauses that may only have been counted."""
        self.exhausted = False
        """Whether the time for the whole call is used up."""
        self._since_start_s = 0.0
        self._tail_s: float | None = None
        self._signs = 0
        self._alive = False
        self._now = asyncio.get_running_loop().time
        self._began = self._wait_began = self._now()
        self._limit_s, self._code = 0.0, ""
        self._wait_limit = WaitLimit()

    def begin_try(self) -> None:
        """Start the first-event time-out anew."""
        self._since_start_s = 0.0
        self._tail_s = None
        self._alive = False

    def close(self) -> None:
        """Nothing more is waited for."""
        self._wait_limit.close()

    def sign_of_life(self) -> None:
        """Note that bytes came: any do, the service's pings too."""
        self._alive = True

    def answer_goes_on(self) -> None:
        """Note that the answer is not whole, or not any more."""
        self._tail_s = None

    def answer_whole(self, signs: int) -> None:
        """Note that the answer seems whole; `signs` counts what showed until now that it went on."""
        if self._tail_s is None or signs != self._signs:
            self._tail_s, self._signs = 0.0, signs

    def slept(self, seconds: float) -> None:
        """Count a pause between two tries."""
        self.waited_s += seconds

    def __enter__(self) -> None:
        now = self._wait_began = self._now()
        self._set_limit(now)
        if self._limit_s <= 0:  # what is there already would never be interrupted
            raise self._passed()
        self._wait_limit.begin(now + self._limit_s)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        passed = self._wait_limit.end(error)
        seconds = self._now() - self._wait_began
        self.waited_s += seconds
        self._since_start_s += seconds
        if self._tail_s is not None:
            self._tail_s += seconds
        if passed:
            raise self._passed() from None

    def _passed(self) -> Unavailable:
        self.exhausted = self._code == "answer_timeout"
        detail = "it takes too long in all" if self.exhausted else f"nothing came for {self._limit_s:.3g} s"
        return Unavailable(code=self._code, detail=detail)

    def _set_limit(self, now: float) -> None:
        """Find the limit that is reached first."""
        limit_s, code = self._answer_s - max(self.waited_s, now - self._began), "answer_timeout"
        if self._tail_s is not None and TAIL_S - self._tail_s < limit_s:
            limit_s, code = TAIL_S - self._tail_s, ANSWER_WHOLE
        silent_s = self._idle_s if self._alive else self._first_event_s - self._since_start_s
        if silent_s < limit_s:
            limit_s, code = silent_s, "idle_timeout" if self._alive else "first_event_timeout"
        self._limit_s, self._code = max(limit_s, 0.0), code
