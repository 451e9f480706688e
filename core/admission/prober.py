"""Resets a tripped breaker when its cause is gone, with no restart and nobody's help."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta

from core.admission.account import AccountWatch
from core.admission.account_alerts import AccountAlerts
from core.admission.admission import Admission
from core.admission.expiry import HeldTurnExpiry
from core.admission.liveness import CompletionsRoute, Liveness
from core.domain import Breaker, Cause, Tripped
from core.storage.turns.breakers import BreakerStore
from core.storage.turns.release import HeldTurnRelease
from core.util.activity import Activity
from core.util.log import log

MEDIA_MINIMUM_USD = 0.5
"""With this much, files of every kind are taken."""
LOOK_EVERY_S = 1.0
SIGNS_EVERY_S = 3.0
IDLE_EVERY_S = 60.0
"""How often to look while no turn waits or runs, no breaker is tripped, and none has turns to release."""
ACCOUNT_INTERVAL = timedelta(seconds=15)


class ProbeTurns:
    """Chooses which held turn is the next probe, and releases it."""

    def __init__(
        self,
        breakers: BreakerStore,
        release: HeldTurnRelease,
        liveness: Liveness,
        completions: CompletionsRoute,
        now: Callable[[], datetime],
    ) -> None:
        self._breakers = breakers
        self._release = release
        self._liveness = liveness
        self._completions = completions
        self._now = now
        self._looked_at: datetime | None = None

    async def heed_clock(self) -> None:
        """Probe at once where the clock was set back: what was to come soon would come an hour later, say."""
        before, self._looked_at = self._looked_at, self._now()
        if before is not None and self._looked_at < before:
            await self._breakers.probe_at_once()

    async def release(self, tripped: Sequence[Tripped]) -> tuple[bool, bool]:
        """Release a probe where one is due, or where a suspicion may be contradicted.

        Returns whether any turn was queued, and whether there may be more to release.
        """
        queued, goes_on = await self._release.go_on()
        for each in tripped:
            is_due = each.retry_at <= self._now()
            if is_due or (each.confirms and not each.is_tried):
                queued |= await self._release.nominate(each.breaker.name, untried=not is_due)
        return queued, goes_on

    async def heed_signs(self) -> tuple[bool, bool]:
        """While a model is out: ask whether the service answers at all, and probe when it does again.

        Returns whether it does again, and whether any model is out.
        """
        out = [each for each in await self._breakers.tripped() if each.breaker.cause is Cause.OUTAGE]
        if not out:
            self._completions.forget()
            return False, False
        if not await self._has_returned():
            return False, True
        for each in out:
            if await self._breakers.hint(each.breaker):
                log.info("probe.hinted", breaker=each.breaker.name)
                await self._release.nominate(each.breaker.name, untried=False)
        return True, True

    async def _has_returned(self) -> bool:
        """Whether something answers again that did not: the list of models, or, beside it, the route of completions."""
        if await self._liveness.has_returned():
            return True
        return await self._liveness.look() and await self._completions.has_returned()


class AccountProbe:
    """Reads the account every 15 s while a breaker of the account is tripped, and resets what it pays for again."""

    def __init__(
        self,
        breakers: BreakerStore,
        admission: Admission,
        account: AccountWatch,
        now: Callable[[], datetime],
    ) -> None:
        self._breakers = breakers
        self._admission = admission
        self._account = account
        self._now = now
        self._next_at: datetime | None = None

    async def look(self, tripped: Sequence[Tripped]) -> None:
        """Read the account if it is time, and reset the breakers whose cause is gone."""
        if not any(each.breaker.cause in (Cause.BALANCE, Cause.STORAGE, Cause.MEDIA) for each in tripped):
            self._next_at = None
            return
        if self._next_at is not None and self._now() < self._next_at:
            return
        self._next_at = self._now() + ACCOUNT_INTERVAL
        if (told := await self._account.read()) is None:
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


class Prober:
    """Looks at the tripped breakers every second: probes what is due, and gives up what was held for too long.

    Breakers trip where turns run. So while none does and none is tripped, it looks only now and then.
    """

    def __init__(
        self,
        breakers: BreakerStore,
        turns: ProbeTurns,
        account: AccountProbe,
        expiry: HeldTurnExpiry,
        account_alerts: AccountAlerts,
        sweep_soon: Callable[[], None],
        activity: Activity,
    ) -> None:
        """`account_alerts` tells operators how the breakers stand, `sweep_soon` is called when turns were queued.

        `activity` tells whether any turn may wait or run.
        """
        self._breakers = breakers
        self._turns = turns
        self._account = account
        self._expiry = expiry
        self._alerts = account_alerts
        self._sweep_soon = sweep_soon
        self._activity = activity
        self._some_tripped = False
        self._followed: Sequence[Tripped] = ()

    async def run(self, leads: Callable[[], bool] = lambda: True) -> None:
        """Watch until cancelled, in one of several processes: while this one does not lead, it follows."""

        async def look() -> bool:
            return await (self.look() if leads() else self.follow())

        async def heed_signs() -> bool:
            return await self.heed_signs() if leads() else False

        async with asyncio.TaskGroup() as group:
            group.create_task(self._repeat(look, LOOK_EVERY_S))
            group.create_task(self._repeat(heed_signs, SIGNS_EVERY_S))

    async def begin(self) -> None:
        """Let every tripped breaker have a probe now: a process that has just started may try at once.

        To be awaited before the first turn runs: what that one trips stays tripped.
        """
        for step in (self._breakers.probe_at_once, self._alerts.begin):
            try:
                await step()
            except Exception:
                log.exception("prober.failed")

    async def look(self) -> bool:
        """Look once at every tripped breaker, at what is to be released, and at what has waited too long.

        Returns whether there is reason to look again soon: any is tripped, or has turns to release, or the account
        is empty.
        """
        await self._turns.heed_clock()
        if await self._expiry.look():
            self._sweep_soon()
        at_rest = await self._breakers.are_at_rest()
        tripped = () if at_rest else await self._breakers.tripped()
        queued, goes_on = (False, False) if at_rest else await self._turns.release(tripped)
        if queued or (self._some_tripped and not tripped):  # which another process may have reset
            self._sweep_soon()
        self._some_tripped = bool(tripped)
        await self._account.look(tripped)
        await self._alerts.look(at_rest=at_rest)
        return bool(tripped) or goes_on or self._alerts.awaits_credit

    async def follow(self) -> bool:
        """See what the process that leads has released or reset: some of it may be for this one to run.

        Returns whether there is reason to look again soon.
        """
        tripped = () if await self._breakers.are_at_rest() else tuple(await self._breakers.tripped())
        if tripped != self._followed:
            self._sweep_soon()
        self._followed, self._some_tripped = tripped, bool(tripped)
        return bool(tripped)

    async def heed_signs(self) -> bool:
        """Probe at once where the service shows that it answers again. Returns whether any model is out."""
        is_back, is_out = await self._turns.heed_signs()
        if is_back:
            self._sweep_soon()
        return is_out

    async def _repeat(self, step: Callable[[], Awaitable[bool]], every_s: float) -> None:
        while True:
            was_active = self._activity.is_on  # else what the step sees stays as it is
            try:
                goes_on = await step()
            except Exception:
                log.exception("prober.failed")
                goes_on = True
            if was_active or goes_on:
                await asyncio.sleep(every_s)
            else:
                await self._activity.wait(IDLE_EVERY_S)
