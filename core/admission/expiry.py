"""Held questions that have waited too long: each ends with a sentence to its author."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from core.domain import Place
from core.storage.turns.store import TurnStore

INTERVAL = timedelta(minutes=1)
BATCH = 100
"""Questions that are given up in one look; the others follow in the next looks."""


class HeldTurnExpiry:
    """Gives up, once a minute, what was held for longer than `[limits] held_hours`."""

    def __init__(
        self,
        turns: TurnStore,
        now: Callable[[], datetime],
        max_age: timedelta,
        give_up: Callable[[int, str, Place], Awaitable[None]],
    ) -> None:
        """`give_up` ends a turn, for an author of that locale."""
        self._turns = turns
        self._now = now
        self._max_age = max_age
        self._give_up = give_up
        self._looked_at: datetime | None = None

    async def look(self) -> bool:
        """End what is too old; whether any turn was queued to tell so."""
        if self._looked_at is not None and self._now() - self._looked_at < INTERVAL:
            return False
        old = await self._turns.held_before(self._now() - self._max_age, BATCH)
        for turn_id, locale, place in old:
            await self._give_up(turn_id, locale, place)
        self._looked_at = self._now() if len(old) < BATCH else None
        return bool(old)
