"""How long one call may wait: for its first sign of life, between two of them, and in all."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from core.domain import Unavailable
from core.settings import AivaxSettings

TAIL_S = 5.0
"""How long silence lasts behind a finish reason before the answer is whole without usage and `[DONE]`.

Pings are silence. Text, thinking and tools are not: some servers send a reason with every chunk.
"""
ANSWER_WHOLE = "answer_whole"
"""The code of the limit on that silence."""


class Deadlines:
    """The time limits of one call, over all its tries.

    For the whole call the clock on the wall counts, whatever the time is spent on; for silence only the waiting.
    """

    def __init__(self, settings: AivaxSettings) -> None:
        self._settings = settings
        self.waited_s = 0.0
        """Waiting for AIVAX, and in pauses that may only have been counted."""
        self.exhausted = False
        """Whether the time for the whole call is used up."""
        self._since_start_s = 0.0
        self._tail_s: float | None = None
        self._signs = 0
        self._alive = False
        self._began = asyncio.get_running_loop().time()

    def begin_try(self) -> None:
        """Start the first-event time-out anew."""
        self._since_start_s = 0.0
        self._tail_s = None
        self._alive = False

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

    @asynccontextmanager
    async def waiting(self) -> AsyncIterator[None]:
        """Bound what is awaited inside.

        Raises:
            Unavailable: its `code` names the limit that was reached.
        """
        loop = asyncio.get_running_loop()
        limit_s, code = self._limit()
        began = loop.time()
        try:
            if limit_s <= 0:  # what is there already would never be interrupted
                raise TimeoutError  # noqa: TRY301  one way to say it
            async with asyncio.timeout(limit_s):
                yield
        except TimeoutError:
            self.exhausted = code == "answer_timeout"
            detail = "it takes too long in all" if self.exhausted else f"nothing came for {limit_s:.3g} s"
            raise Unavailable(code=code, detail=detail) from None
        finally:
            seconds = loop.time() - began
            self.waited_s += seconds
            self._since_start_s += seconds
            if self._tail_s is not None:
                self._tail_s += seconds

    def _limit(self) -> tuple[float, str]:
        settings = self._settings
        since_began_s = asyncio.get_running_loop().time() - self._began
        first_event_s = settings.first_event_timeout_s - self._since_start_s
        limits = [
            (settings.answer_timeout_s - max(self.waited_s, since_began_s), "answer_timeout"),
            (settings.idle_timeout_s, "idle_timeout")
            if self._alive
            else (first_event_s, "first_event_timeout"),
        ]
        if self._tail_s is not None:
            limits.append((TAIL_S - self._tail_s, ANSWER_WHOLE))
        limit_s, code = min(limits)
        return max(limit_s, 0.0), code
