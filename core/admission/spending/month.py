"""What was spent in the month that runs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from core.storage.spending import Spending
from core.util.time_zones import month_of

SETTLED = timedelta(minutes=10)
"""No answer is stored so long after the moment that its row names."""
SUMMED_UP_EVERY = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class _SummedUp:
    start: datetime
    until: datetime
    usd: float = 0.0


class MonthSum:
    """What was spent this month. What is long past is summed up once, so that no question reads a month of rows."""

    def __init__(self, time_zone: str) -> None:
        self._time_zone = time_zone
        self._known: _SummedUp | None = None

    async def at(self, spending: Spending, now: datetime) -> tuple[float, datetime]:
        """What was spent, in USD, and when the month ends."""
        start, end = month_of(now, self._time_zone)
        known = self._known
        if known is None or known.start != start:
            known = _SummedUp(start, start)
        if now - SETTLED - known.until > SUMMED_UP_EVERY:
            settled = now - SETTLED
            usd = known.usd + await spending.between(known.until, settled)
            known = self._known = _SummedUp(start, settled, usd)
        return known.usd + await spending.between(known.until, end), end
