"""Whether a call to AIVAX may be made now, and what its refusal means for all the others."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from core.admission.account import AccountWatch
from core.admission.account_alerts import AccountAlerts
from core.admission.circuit_breaker import breakers_of, cause_of, is_certain, kind_of, retry_at, told_of
from core.admission.liveness import Liveness
from core.domain import AivaxError, Breaker, Cause, Fault, Passage, Tripped
from core.settings import LimitsSettings
from core.storage.turns.breakers import BreakerStore
from core.util.log import log
from core.util.retry import growing_s

TRUST = timedelta(seconds=5)
"""After a call that was taken, others need not wait for each other, until one fails."""
QUIET = timedelta(seconds=1)
"""So long after a look at which nothing was amiss, a call that was taken heals nothing by bringing its first text."""
AGAIN_S = 10.0
"""How long a question waits in its own time after a failure that was its own."""
LONGEST_AGAIN_S = 300.0
QUOTA_TRIES = 5
"""Tries of a question whose limit or balance is refused while others' are taken."""


@dataclass(frozen=True, slots=True)
class RetryAlone:
    """The failure is this question's own: it is tried again at `again_at`, and holds nobody; None: no more."""

    again_at: datetime | None


class Admission:
    """Asks the breakers before each call, and trips and resets them by what the calls meet."""

    def __init__(
        self,
        store: BreakerStore,
        account: AccountWatch,
        liveness: Liveness,
        now: Callable[[], datetime],
        *,
        account_alerts: AccountAlerts,
        limits: LimitsSettings,
        sweep_soon: Callable[[], None],
    ) -> None:
        """`account_alerts` is told of what only operators can mend, `sweep_soon` when turns were queued."""
        self._alerts = account_alerts
        self._sweep_soon = sweep_soon
        self._store = store
        self._account = account
        self._liveness = liveness
        self._now = now
        self._limits = limits
        self._opening = asyncio.Lock()
        self._taken_at: dict[str, datetime] = {}
        self._quiet_at: datetime | None = None
        self._probes: set[int] = set()
        self._calling: set[int] = set()
        """The probes that were let in to make their call."""

    async def holding(self, turn_id: int, model: str) -> Tripped | None:
        """The breaker that holds a turn, asked before anything is done for it.

        A turn that passes a tripped breaker is its probe from now on, until `let_go`.
        """
        return (await self._ask(turn_id, breakers_of(model))).tripped

    async def pause(self, turn_id: int) -> Tripped | None:
        """The operator's pause, where there is one: it holds what need not ask the model, too."""
        return (await self._ask(turn_id, (Breaker(Cause.PAUSE),))).tripped

    @asynccontextmanager
    async def entering(self, turn_id: int, model: str) -> AsyncIterator[Passage]:
        """Begin one call: make it inside the block, unless a breaker is in the way.

        Leave the block as soon as the call was taken or refused. The next call may begin after
        `slow_start_interval_s` anyway.

        Calls begin one after another as long as nothing tells that they are taken: so a refusal that holds for all is
        met by one of them.
        """
        if self._trusts(model):
            yield await self._let_in(turn_id, model)
            return
        await self._opening.acquire()
        with ExitStack() as turn:  # closed once: by the timer, or at the end of the block
            turn.callback(self._opening.release)
            passage = await self._let_in(turn_id, model)
            timer = asyncio.get_running_loop().call_later(self._limits.slow_start_interval_s, turn.close)
            turn.callback(timer.cancel)
            yield passage

    async def may_repeat(self, turn_id: int, model: str) -> bool:
        """Whether a call that failed may be tried again at once: not as a probe, nor while a breaker is tripped."""
        if turn_id in self._probes:
            return False
        breakers = breakers_of(model)
        return not any(tripped.breaker in breakers for tripped in await self._store.tripped())

    async def let_go(self, turn_id: int) -> None:
        """A turn ends or waits: if it was a probe that told nothing, another may be made.

        At once where it made no call; else in its time: people who withdraw their questions cost no calls more.
        """
        called = turn_id in self._calling
        self._calling.discard(turn_id)
        if turn_id in self._probes:
            self._probes.discard(turn_id)
            if await self._store.end_probe(turn_id, called=called):
                self._sweep_soon()

    async def allows_media(self, turn_id: int) -> bool:
        """Whether no call with files was refused lately for want of money; AIVAX names no minimum to judge by."""
        return (await self._ask(turn_id, (Breaker(Cause.MEDIA),))).tripped is None

    async def refused(
        self, turn_id: int, model: str, error: AivaxError, *, has_media: bool, begun: bool = False
    ) -> Tripped | RetryAlone | None:
        """Learn from an error: the breaker that it tripped, the turn's own fault, or None for what no waiting mends.

        `begun`: the call had been taken, and failed before any text.
        """
        self._taken_at.pop(model, None)
        self._quiet_at = None
        storage_full = await self._account.storage_is_full(error)
        balance_usd = self._account.balance_usd
        cause = cause_of(error, has_media=has_media, balance_usd=balance_usd, storage_full=storage_full)
        if cause is None:
            await self._store.end_probe(turn_id, called=False)
            await self._alerts.refused(model, error)
            return None
        verdict = await self._judge(turn_id, breaker_for(cause, model), error, balance_usd, begun=begun)
        self._probes.discard(turn_id)
        if isinstance(verdict, Fault):
            return self._alone(verdict, error)
        if verdict.is_new:
            log.error("breaker.tripped", breaker=verdict.breaker.name, cause=str(error))
        if verdict.confirms:
            self._sweep_soon()
        return verdict

    async def taken(self, turn_id: int, model: str, *, said: bool, again: bool = False) -> None:
        """A call got through: the breakers that it passed are reset, the key is good.

        `said`: it brought text. `again`: it had been taken before, when it had brought none yet.
        """
        self._taken_at[model] = self._now()
        if again and self._quiet_at is not None and self._now() - self._quiet_at < QUIET:
            return
        if await self._store.is_quiet():
            self._quiet_at = self._now()
            return
        if not again:
            await self._alerts.taken(model)
        for breaker in await self._store.taken(breakers_of(model), turn_id, said=said):
            self._log_reset(breaker)

    async def reset(self, breaker: Breaker) -> None:
        """Reset a breaker; what it held is queued in batches, and found by the queue's next sweep."""
        await self._store.reset(breaker)
        self._log_reset(breaker)

    def _log_reset(self, breaker: Breaker) -> None:
        log.info("breaker.reset", breaker=breaker.name)
        self._sweep_soon()

    async def _ask(self, turn_id: int, breakers: tuple[Breaker, ...]) -> Passage:
        passage = await self._store.passage(breakers, turn_id)
        if passage.is_probe:
            self._probes.add(turn_id)
        return passage

    async def _let_in(self, turn_id: int, model: str) -> Passage:
        passage = await self._ask(turn_id, breakers_of(model))
        if passage.is_probe:
            self._calling.add(turn_id)
        return passage

    async def _judge(
        self, turn_id: int, breaker: Breaker, error: AivaxError, balance_usd: float | None, *, begun: bool
    ) -> Tripped | Fault:
        may_be_its_own = breaker.cause is Cause.OUTAGE and not is_certain(error)
        suspect = may_be_its_own and (begun or not await self._liveness.is_missing())
        when = partial(retry_at, breaker.cause, error.retry_after_s, self._now)
        kind = f"{kind_of(error)}+" if begun else kind_of(error)
        return await self._store.refuse(
            breaker, turn_id, kind, when, suspect=suspect, balance_usd=balance_usd, told=told_of(error)
        )

    def _alone(self, fault: Fault, error: AivaxError) -> RetryAlone:
        """When a question whose fault it is may be tried again, in its own time."""
        is_quota = fault.breaker.cause is not Cause.OUTAGE
        log.warning("question.failed_alone", breaker=fault.breaker.name, tries=fault.tries, cause=str(error))
        if fault.tries >= (QUOTA_TRIES if is_quota else self._limits.question_tries):
            return RetryAlone(None)
        pause_s = growing_s(fault.tries if is_quota else 0, AGAIN_S, LONGEST_AGAIN_S)
        return RetryAlone(self._now() + timedelta(seconds=max(pause_s, error.retry_after_s or 0.0)))

    def _trusts(self, model: str) -> bool:
        taken_at = self._taken_at.get(model)
        return taken_at is not None and self._now() - taken_at < TRUST


def breaker_for(cause: Cause, model: str) -> Breaker:
    """The breaker that a cause trips for a call to this model."""
    return Breaker(cause, model) if cause in (Cause.RATE, Cause.OUTAGE) else Breaker(cause)
