"""A sign of life that costs nothing: whether the service answers at all, seen from its list of models."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

FRESH = timedelta(seconds=3)


class Liveness:
    """Asks no oftener than every few seconds. What it says counts only once the service was seen to give it.

    A service that does not answer here has an outage, whatever was asked of it. One that does may have one all the
    same: then only a call tells.
    """

    def __init__(self, answers: Callable[[], Awaitable[bool]], now: Callable[[], datetime]) -> None:
        """`answers` asks the service; it raises nothing."""
        self._answers = answers
        self._now = now
        self._asking = asyncio.Lock()
        self._was_seen = False
        self._last: bool | None = None
        self._asked_at: datetime | None = None

    async def look(self) -> bool:
        """Whether the service answers."""
        async with self._asking:
            if self._last is None or self._asked_at is None or self._now() - self._asked_at >= FRESH:
                self._last = await self._answers()
                self._asked_at = self._now()
                self._was_seen = self._was_seen or self._last
            return self._last

    async def is_missing(self) -> bool:
        """Whether the service does not answer, though it did before."""
        return not await self.look() and self._was_seen

    async def has_returned(self) -> bool:
        """Whether the service answers that did not when it was last asked."""
        before = self._last
        return await self.look() and before is False
