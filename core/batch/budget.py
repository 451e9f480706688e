"""Whether what may still be spent is enough for a batch: its cost is known only when it is done."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from core.admission.spending.caps import SpendCaps
from core.batch.settings import BatchSettings
from core.domain import Turn
from core.settings import LimitsSettings
from core.storage.spending import SpendingStore


@dataclass(frozen=True, slots=True)
class TooDear:
    """A batch may cost more than is left; both in USD."""

    cost_usd: float
    left_usd: float


class Budget:
    """Takes each completion of a batch for `[limits] question_usd`, and looks whether all caps have room for them.

    Batches under way count likewise: two that fit one by one may be too much together.
    """

    def __init__(
        self,
        caps: SpendCaps,
        spending: SpendingStore,
        limits: LimitsSettings,
        settings: BatchSettings,
        now: Callable[[], datetime],
    ) -> None:
        self._caps = caps
        self._spending = spending
        self._limits = limits
        self._settings = settings
        self._now = now

    async def lacks_for(self, turn: Turn, rows: int) -> TooDear | None:
        """What a turn's author wants to have filled in is too dear, or None."""
        if not self._caps.are_set:
            return None
        row_usd = self._limits.question_usd * (2 if self._settings.validation else 1)
        cost_usd = rows * row_usd
        async with self._spending.read(self._caps.price) as spending:
            asker = await spending.identity_of(turn.id)
            left_usd = await self._caps.left(spending, self._now(), asker, turn.place, row_usd=row_usd)
        return TooDear(cost_usd, left_usd) if left_usd is not None and cost_usd > left_usd else None
