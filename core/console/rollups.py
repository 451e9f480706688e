"""Keeps the days' numbers up to date: turns that ended are counted, and the balance is noted, beside the answers."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import Protocol

from core.console.figures import Money
from core.util.clock import Clock, Sleep
from core.util.log import log

INTERVAL_S = 60.0
REST_S = 0.05
"""The pause between two stretches, so that the days before an update take a share of the database and not all of it."""
BALANCE_EVERY = timedelta(hours=1)


class Counting(Protocol):
    """Where the numbers stand; `core.storage.rollups.counting.RollupStore` is one."""

    async def count_on(self, now: datetime) -> bool:
        """Count the next stretch of time; whether there was one."""

    async def note_balance(self, usd: float, at: datetime) -> None: ...


class Rollups:
    """The work of one process. Several share it: each stretch is counted by whoever comes first."""

    def __init__(self, store: Counting, money: Money, now: Clock, *, sleep: Sleep = asyncio.sleep) -> None:
        self._store = store
        self._money = money
        self._now = now
        self._sleep = sleep
        self._noted_at: datetime | None = None

    async def run(self) -> None:
        """Count until cancelled. What goes wrong is logged and tried again."""
        while True:
            try:
                await self.catch_up()
                await self._note_balance()
            except Exception:
                log.exception("rollups.failed")
            await self._sleep(INTERVAL_S)

    async def catch_up(self) -> int:
        """Count all that has settled; how many stretches that were."""
        stretches = 0
        while await self._store.count_on(self._now()):
            stretches += 1
            await self._sleep(REST_S)
        if stretches > 1:
            log.info("rollups.caught_up", stretches=stretches)
        return stretches

    async def _note_balance(self) -> None:
        now = self._now()
        if self._noted_at is not None and now - self._noted_at < BALANCE_EVERY:
            return
        if (balance := await self._money.read()) is not None and balance.balance_usd is not None:
            await self._store.note_balance(balance.balance_usd, now)
            self._noted_at = now
