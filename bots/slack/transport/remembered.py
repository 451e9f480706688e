"""What Slack told of something, kept for hours: nobody waits for it long, and two that ask at once ask Slack once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from cachetools import LRUCache

from core.util.clock import Now
from core.util.tasks import TaskSet

_MOST_KNOWN = 5_000
_GOOD_FOR_S = 6 * 3600.0
_FAILED_FOR_S = 60.0

T = TypeVar("T")


@dataclass(slots=True)
class _Known(Generic[T]):
    asked: asyncio.Task[T]
    until: float


class Remembered(Generic[T]):
    """Answers by id. `ask` is called for an id that is unknown or old, and must not raise."""

    def __init__(
        self, ask: Callable[[str], Coroutine[Any, Any, T]], now: Now, *, good_for_s: float = _GOOD_FOR_S
    ) -> None:
        self._ask = ask
        self._now = now
        self._good_for_s = good_for_s
        self._known: LRUCache[str, _Known[T]] = LRUCache(_MOST_KNOWN)
        self._asking = TaskSet()

    async def find(self, id_: str, within_s: float) -> T | None:
        """Return what is known; None where Slack does not answer in time."""
        known = self._known.get(id_)
        if known is None or known.until <= self._now():
            known = _Known(self._asking.start(self._ask(id_)), self._now() + self._good_for_s)
            self._known[id_] = known
        # waiting does not own the task: a later event about the same thing still profits from its answer
        await asyncio.wait({known.asked}, timeout=max(0.0, within_s))
        return known.asked.result() if known.asked.done() and not known.asked.cancelled() else None

    def ask_again_soon(self, id_: str) -> None:
        """Keep the present answer for a minute only: it is none."""
        if id_ in self._known:
            self._known[id_].until = self._now() + _FAILED_FOR_S

    async def aclose(self) -> None:
        """End the questions that are still open."""
        self._known.clear()
        await self._asking.aclose()
