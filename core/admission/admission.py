"""Whether a call to AIVAX may be made now, and what its refusal means for all the others."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import partial

import structlog

from core.admission.account import AccountWatch
from core.admission.gates import Cause, Closed, Gate, cause_of, gates_of, retry_at
from core.admission.news import News
from core.errors import AivaxError
from core.storage.gates import GateStore

log = structlog.get_logger(__name__)

OPENING_S = 0.25
"""Calls begin one after another, each when the one before was taken or this time passed: so a refusal that
holds for all is met by one call, not by as many as there are workers."""


@dataclass(frozen=True, slots=True)
class Held:
    """The call may not be made: `closed` is the gate in the way."""

    closed: Closed


class Admission:
    """Asks the gates before each call, and closes and opens them by what the calls meet."""

    def __init__(
        self,
        store: GateStore,
        account: AccountWatch,
        now: Callable[[], datetime],
        *,
        news: News,
        stir: Callable[[], None] = lambda: None,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        """`news` is told of what only operators can mend, `stir` when turns were queued."""
        self._news = news
        self._stir = stir
        self._store = store
        self._account = account
        self._now = now
        self._jitter = jitter
        self._opening = asyncio.Lock()

    @asynccontextmanager
    async def entering(self, turn_id: int, model: str) -> AsyncIterator[Held | None]:
        """Hold the door for one call: inside, make it. Yields `Held` when a gate is closed.

        Leave the block as soon as the call was taken or refused; the door is let go after `OPENING_S` anyway.
        """
        await self._opening.acquire()
        release = _Once(self._opening.release)
        timer: asyncio.TimerHandle | None = None
        try:
            closed = await self._store.blocking(gates_of(model), turn_id)
            timer = asyncio.get_running_loop().call_later(OPENING_S, release)
            yield Held(closed) if closed else None
        finally:
            if timer is not None:
                timer.cancel()
            release()

    async def allows_media(self, turn_id: int, minimum_usd: float) -> bool:
        """Whether the balance is known to bear a call with files; unknown balances are tried."""
        known = self._account.balance_usd
        if known is not None and known < minimum_usd:
            return False
        return await self._store.blocking((Gate(Cause.MEDIA),), turn_id) is None

    async def refused(self, turn_id: int, model: str, error: AivaxError, *, has_media: bool) -> Closed | None:
        """Learn from an error: the gate that it closed, or None for one that no waiting mends."""
        storage_full = await self._account.storage_is_full(error)
        balance_usd = self._account.balance_usd
        cause = cause_of(error, has_media=has_media, balance_usd=balance_usd, storage_full=storage_full)
        if cause is None:
            await self._store.end_trial(turn_id)
            await self._news.refused(model, error)
            return None
        gate = gate_for(cause, model)
        when = partial(self._retry_at, cause, error.retry_after_s)
        closed = await self._store.close(gate, when, balance_usd)
        if closed.trials == 0:
            log.error("gate.closed", gate=gate.name, cause=str(error))
        return closed

    async def taken(self, model: str) -> None:
        """A call got through: the gates that it passed are open again, and the key and the model are good."""
        await self._news.taken(model)
        for closed in await self._store.closed():
            if closed.gate in gates_of(model):
                await self.reopen(closed.gate)

    async def reopen(self, gate: Gate) -> None:
        """Open a gate; what waited behind it is queued, and found by the queue's next sweep."""
        woken = await self._store.open(gate)
        log.info("gate.open", gate=gate.name, conversations=len(woken))
        self._stir()

    def _retry_at(self, cause: Cause, retry_after_s: float | None, trials: int) -> datetime:
        return retry_at(cause, trials, self._now(), retry_after_s, self._jitter)


def gate_for(cause: Cause, model: str) -> Gate:
    """The gate that a cause closes for a call to this model."""
    return Gate(cause, model) if cause in (Cause.RATE, Cause.OUTAGE) else Gate(cause)


class _Once:
    """Calls once, however often it is called."""

    def __init__(self, call: Callable[[], object]) -> None:
        self._call: Callable[[], object] | None = call

    def __call__(self) -> None:
        call, self._call = self._call, None
        if call is not None:
            call()
