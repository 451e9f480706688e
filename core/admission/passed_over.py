"""What is passed over in silence, counted by platform and reason: silence that nobody can explain is a fault.

Only numbers are kept, never who it was or what was said.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping

from core.domain import PassedOver
from core.domain.metrics import NO_METER, PASSED_OVER, Meter, reason_label
from core.util.log import log

INTERVAL_S = 60.0


class PassedCounts:
    """Counts since the start, and says in the log once a minute what was added."""

    def __init__(
        self, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep, meter: Meter = NO_METER
    ) -> None:
        self._sleep = sleep
        self._meter = meter
        self._totals: Counter[tuple[str, PassedOver]] = Counter()
        self._unsaid: Counter[tuple[str, PassedOver]] = Counter()

    def add(self, platform: str, reason: PassedOver) -> None:
        """Count one."""
        self._totals[platform, reason] += 1
        self._unsaid[platform, reason] += 1
        self._meter.count(PASSED_OVER, platform=platform, reason=reason_label(reason))

    @property
    def totals(self) -> Mapping[tuple[str, PassedOver], int]:
        """What was passed over since the process started, by platform and reason."""
        return dict(self._totals)

    async def run(self) -> None:
        """Keep the log told, until cancelled; what is left is told then."""
        try:
            while True:
                await self._sleep(INTERVAL_S)
                self.tell()
        finally:
            self.tell()

    def tell(self) -> None:
        """Write what was added since the last time as one line for each platform; nothing where nothing was."""
        added, self._unsaid = self._unsaid, Counter()
        for platform in sorted({platform for platform, _ in added}):
            counts = {
                reason_label(reason): count
                for (name, reason), count in sorted(added.items())
                if name == platform
            }
            log.info("events.passed_over", platform=platform, **counts)
