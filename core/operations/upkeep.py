"""What goes on beside the answers once for all processes on a database: retention, breakers' probes, the balance."""

from __future__ import annotations

import asyncio
from typing import Protocol

from core.domain import StorageError
from core.storage.db.postgresql.clock import uptime
from core.storage.ops.cluster_lease import AccountReading, ClusterLease
from core.util.clock import Now
from core.util.log import log

RENEW_AFTER, LOOK_AFTER = 0.4, 0.25
"""The part of a lease after which its holder renews it, and after which others look whether it is free."""
MARGIN = 0.8
"""The part of a lease that its holder counts on: the rest is for the way to the database and back."""


class Account(Protocol):
    """What this process knows of the account."""

    @property
    def reading(self) -> AccountReading:
        """What it last read."""

    def hear(self, told: AccountReading) -> None:
        """Take in what the holder read."""


class Leadership:
    """Whether this process is the one that does it. Where it alone has the database, it always is.

    Others look for a free lease four times in its length, so it is taken over at most one and a quarter of that after
    its holder died or froze. A holder that wakes again knows by the machine's uptime, before it does anything, that
    its time is over.
    """

    def __init__(self, lease: ClusterLease | None, account: Account, since: Now = uptime) -> None:
        """Without a lease there is no other process. The holder tells the others what it read of the account."""
        self._lease = lease
        self._account = account
        self._since = since
        self._led = False
        self._counts_until = 0.0
        self._taken = asyncio.Event()

    @property
    def leads(self) -> bool:
        """Whether this process does it, at this moment."""
        return self._lease is None or self._since() < self._counts_until

    async def until_leading(self) -> None:
        """Wait until this process does it."""
        while not self.leads:
            self._taken.clear()
            await self._taken.wait()

    async def begin(self) -> None:
        """Find out who leads, before anything asks; to be awaited before `run`."""
        if self._lease is not None:
            await self.look(self._lease)

    async def run(self) -> None:
        """Keep the lease, or wait for a free one, until cancelled; then give it back."""
        if self._lease is None:
            return
        try:
            while True:
                await asyncio.sleep(self._lease.lease_s * (RENEW_AFTER if self.leads else LOOK_AFTER))
                await self.look(self._lease)
        finally:
            await self._give_back(self._lease)

    async def look(self, lease: ClusterLease) -> None:
        """Keep the lease, or take it where it is free, or hear what its holder read of the account."""
        led, asked_at = self._led, self._since()
        try:
            async with asyncio.timeout(lease.lease_s):
                leads = (led and await lease.renew(self._account.reading)) or await lease.take()
                if not leads:
                    self._account.hear(await lease.reading())
        except (StorageError, TimeoutError) as error:
            log.warning("upkeep.lease_unknown", cause=str(error) or type(error).__name__)
            return
        self._led, self._counts_until = leads, asked_at + MARGIN * lease.lease_s if leads else 0.0
        if leads and not led:
            log.info("upkeep.taken")
            self._taken.set()
        elif led and not leads:
            log.warning("upkeep.lost")

    async def _give_back(self, lease: ClusterLease) -> None:
        led, self._led, self._counts_until = self._led, False, 0.0
        if led:
            try:
                await lease.give_back()
            except StorageError as error:
                log.info("upkeep.not_given_back", cause=str(error))
