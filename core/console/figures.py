"""What the console's overview reads: figures of the rows, and the account's money."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from core.aivax.account import Balance
from core.storage.console.days import Days
from core.storage.console.figures import Figures


class FigureSource(Protocol):
    """Counts of what was stored lately."""

    async def figures(self, now: datetime) -> Figures: ...


class DaySource(Protocol):
    """What days came to; `core.storage.console.days.DayReads` is one."""

    async def days(self, now: datetime, number: int, most: int) -> Days:
        """The last `number` days, and of the last week the `most` expensive people and places."""


class Money(Protocol):
    """The account's balance; `core.admission.account.AccountWatch` is one."""

    @property
    def balance_usd(self) -> float | None:
        """As it was last read."""

    @property
    def usage_24h_usd(self) -> float | None: ...

    async def read(self) -> Balance | None:
        """Ask for it, unless it was read a moment ago."""
