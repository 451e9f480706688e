"""Resets a tripped breaker when its cause is gone, with no restart and nobody's help."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta

import structlog

from core.admission.account import AccountWatch
from core.admission.account_alerts import AccountAlerts
from core.admission.admission import Admission
from core.admission.liveness import Sign
from core.domain.breakers import Breaker, Cause, Tripped
from core.domain.messages import Place
from core.storage.turns.breakers import BreakerStore
from core.storage.turns.release import HeldTurnRelease
from core.storage.turns.store import TurnStore

log = structlog.get_logger(__name__)

MEDIA_MINIMUM_USD = 0.5
"""With this much, files of every kind are taken."""
SIGNS_EVERY_S = 3.0
OLD_EVERY = timedelta(minutes=1)
MOST_OLD = 100
"""Questions that are given up in one look: the others' turn comes with the next looks."""


class Prober:
    """While a breaker is tripped: reads the account every `probe_interval_s`, and lets a probe go when one is due.

    `sweep_soon` is called when turns were queued, `account_alerts` tells operators how the breakers stand; `give_up`
    ends a turn, for an author of that locale.
    """

    def __init__(
        self,
        breakers: BreakerStore,
        release: HeldTurnRelease,
        turns: TurnStore,
        admission: Admission,
        account: AccountWatch,
        sign: Sign,
        *,
        now: Callable[[], datetime],
        held_max_age: timedelta,
        give_up: Callable[[int, str, Place], Awaitable[None]],
        sweep_soon: Callable[[], None],
        account_alerts: AccountAlerts,
        probe_interval_s: float = 15.0,
        tick_s: float = 1.0,
    ) -> None:
        self._breakers = breakers
        self._release = release
        self._turns = turns
        self._admission = admission
        self._account = account
        self._sign = sign
        self._now = now
        self._held_max_age = held_max_age
        self._give_up = give_up
        self._sweep_soon = sweep_soon
        self._alerts = account_alerts
        self._probe_interval = timedelta(seconds=probe_interval_s)
        self._tick_s = tick_s
        self._probe_at: datetime | None = None
        self._old_at: datetime | None = None

    async def run(self) -> None:
        """Watch until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._repeat(self.look, self._tick_s))
            group.create_task(self._repeat(self.heed_signs, SIGNS_EVERY_S))

    async def begin(self) -> None:
        """Let every tripped breaker have a probe now: a process that has just started may try at once.

        To be awaited before the first turn runs: what that one trips stays tripped.
        """
        await self._guarded(self._breakers.probe_at_once)
        await self._guarded(self._alerts.begin)

    async def look(self) -> None:
        """Look once at every tripped breaker, at what is to be released, and at what has waited too long."""
        await self._end_old()
        if await self._release.go_on():
            self._sweep_soon()
        tripped = await self._breakers.tripped()
        for each in tripped:
            await self._let_probe(each)
        if any(each.breaker.cause in (Cause.BALANCE, Cause.STORAGE, Cause.MEDIA) for each in tripped):
            await self._probe(tripped)
        else:
            self._probe_at = None
        await self._alerts.look()

    async def heed_signs(self) -> None:
        """While a model is out: ask whether the service answers at all, and have it tried when it does again."""
        out = [each for each in await self._breakers.tripped() if each.breaker.cause is Cause.OUTAGE]
        if not out or not await self._sign.has_returned():
            return
        for each in out:
            if await self._breakers.hint(each.breaker):
                log.info("probe.hinted", breaker=each.breaker.name)
                await self._release.nominate(each.breaker.name, untried=False)
        self._sweep_soon()

    async def _let_probe(self, tripped: Tripped) -> None:
        """Release the turn that is to be the probe, where one is due, or where a suspicion may be contradicted."""
        is_due = tripped.retry_at <= self._now()
        if not is_due and (tripped.is_tried or not tripped.confirms):
            return
        if await self._release.nominate(tripped.breaker.name, untried=not is_due):
            self._sweep_soon()

    async def _end_old(self) -> None:
        if self._old_at is not None and self._now() - self._old_at < OLD_EVERY:
            return
        old = await self._turns.held_before(self._now() - self._held_max_age, MOST_OLD)
        for turn_id, locale, place in old:
            await self._give_up(turn_id, locale, place)
            self._sweep_soon()
        self._old_at = self._now() if len(old) < MOST_OLD else None

    async def _probe(self, tripped: Sequence[Tripped]) -> None:
        if self._probe_at is not None and self._now() < self._probe_at:
            return
        self._probe_at = self._now() + self._probe_interval
        told = await self._account.read()
        if told is None:
            return
        for each in tripped:
            if await self._is_over(each.breaker, told.balance_usd, told.storage_is_full):
                await self._admission.reset(each.breaker)

    async def _is_over(
        self, breaker: Breaker, balance_usd: float | None, storage_is_full: bool | None
    ) -> bool:
        match breaker.cause:
            case Cause.BALANCE:
                return balance_usd is not None and await self._breakers.note_balance(balance_usd)
            case Cause.STORAGE:
                return storage_is_full is False
            case Cause.MEDIA:
                return balance_usd is not None and balance_usd >= MEDIA_MINIMUM_USD
            case _:
                return False

    async def _repeat(self, step: Callable[[], Awaitable[None]], every_s: float) -> None:
        while True:
            await self._guarded(step)
            await asyncio.sleep(every_s)

    async def _guarded(self, step: Callable[[], Awaitable[None]]) -> None:
        try:
            await step()
        except Exception:
            log.exception("prober.failed")
