"""What is known of the account, and the watch that sees when it can pay again."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from core.aivax.account import Balance
from core.domain import AivaxError, NoBalance
from core.storage.ops.cluster_lease import AccountReading
from core.util.log import log

FRESH = timedelta(seconds=5)


class AccountWatch:
    """Reads the balance, never oftener than every few seconds, and remembers what it read."""

    def __init__(self, ask: Callable[[], Awaitable[Balance | None]], now: Callable[[], datetime]) -> None:
        """`ask` asks AIVAX for the balance."""
        self._ask = ask
        self._now = now
        self._asking = asyncio.Lock()
        self._read_at: datetime | None = None
        self._last: Balance | None = None
        self._heard = AccountReading()

    @property
    def balance_usd(self) -> float | None:
        """The balance last read; None while it is not known."""
        return self._last.balance_usd if self._last else self._heard.balance_usd

    @property
    def usage_24h_usd(self) -> float | None:
        """What the account was last told to have spent in 24 hours; None while it is not known."""
        return self._last.usage_24h_usd if self._last else self._heard.usage_24h_usd

    @property
    def reading(self) -> AccountReading:
        """What was last read, for other processes."""
        return AccountReading(self.balance_usd, self.usage_24h_usd)

    def hear(self, told: AccountReading) -> None:
        """Take in what another process has read: it stands until this one reads for itself."""
        self._heard = told

    async def read(self, *, anew: bool = False) -> Balance | None:
        """Ask for the balance; None when it is not told, or the route does not answer.

        What was read a few seconds ago is told again, unless it must be read `anew`.
        """
        async with self._asking:
            if anew or self._read_at is None or self._now() - self._read_at >= FRESH:
                try:
                    self._last = await self._ask()
                except AivaxError as error:
                    log.warning("account.unreadable", cause=str(error))
                    self._last = None
                self._read_at = self._now()
            return self._last

    async def storage_is_full(self, error: AivaxError) -> bool:
        """Whether a 402 is about the storage quota rather than the balance, as far as the account tells."""
        if not isinstance(error, NoBalance):
            return False
        told = await self.read(anew=True)  # a refusal makes older news of the account worthless
        return told is not None and told.storage_is_full is True
