"""Signs of life that cost nothing: whether the service, or its route of completions, answers anything at all."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

FRESH = timedelta(seconds=3)
APART = timedelta(seconds=5)
"""How far apart the questions to the route of completions begin while it fails."""
RESTS = timedelta(seconds=60)
"""How long the route of completions is not asked again once it has answered: what it says then is no news."""


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


class CompletionsRoute:
    """Watches, during an outage, whether the route of completions fails even what asks no model anything.

    Where it does, the first answer of any kind shows that it works again. Where it answers from the beginning, the
    outage lies behind it, and only a call that a model is to answer can tell when that ends.
    """

    def __init__(self, answers: Callable[[], Awaitable[bool | None]], now: Callable[[], datetime]) -> None:
        """`answers` asks the route, None where it may not be asked; it raises nothing."""
        self._answers = answers
        self._now = now
        self._last: bool | None = None
        self._rests_until: datetime | None = None

    async def has_returned(self) -> bool:
        """Whether the route answers that failed when it was last asked."""
        now = self._now()
        if self._rests_until is not None and now < self._rests_until <= now + RESTS:
            return False
        before, self._last = self._last, await self._answers()
        self._rests_until = now + (APART if self._last is False else RESTS)
        return self._last is True and before is False

    def forget(self) -> None:
        """The outage is over: in the next one the route is asked at once."""
        self._last = self._rests_until = None
