"""What the console's overview reads: figures of the rows, and the account's money."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from core.aivax.account import Balance
from core.storage.console.figures import Figures
from core.storage.spenders import PersonsShare, PlacesShare


class FigureSource(Protocol):
    """Counts and sums of what is stored."""

    async def figures(self, now: datetime) -> Figures: ...


class SpenderSource(Protocol):
    """Whose answers cost most, and where; `core.storage.spenders.Spenders` is one."""

    async def people(self, since: datetime, most: int) -> Sequence[PersonsShare]: ...

    async def places(self, since: datetime, most: int) -> Sequence[PlacesShare]: ...


class Money(Protocol):
    """The account's balance; `core.admission.account.AccountWatch` is one."""

    @property
    def balance_usd(self) -> float | None:
        """As it was last read."""

    @property
    def usage_24h_usd(self) -> float | None: ...

    async def read(self) -> Balance | None:
        """Ask for it, unless it was read a moment ago."""
