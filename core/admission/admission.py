"""Whether a call to AIVAX may be made now, and what its refusal means for all the others."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

import structlog

from core.admission.account import AccountWatch
from core.admission.account_alerts import News
from core.admission.circuit_breaker import cause_of, gates_of, is_certain, kind_of, retry_at
from core.admission.liveness import Sign
from core.domain.breakers import Cause, Closed, Fault, Gate
from core.domain.errors import AivaxError
from core.storage.turns.breakers import GateStore

log = structlog.get_logger(__name__)

TRUST = timedelta(seconds=5)
"""After a call that was taken, others need not wait for each other, until one fails."""
AGAIN_S = 10.0
"""How long a question waits in its own time after a failure that was its own."""
LONGEST_AGAIN_S = 300.0
QUOTA_TRIES = 5
"""Tries of a question whose limit or balance is refused while others' are taken."""


@dataclass(frozen=True, slots=True)
class Held:
    """The call may not be made: `closed` is the gate in the way."""

    closed: Closed


@dataclass(frozen=True, slots=True)
class Alone:
    """The failure is this question's own: it is tried again at `again_at`, and holds nobody; None: no more."""

    again_at: datetime | None


class Admission:
    """Asks the gates before each call, and closes and opens them by what the calls meet."""

    def __init__(
        self,
        store: GateStore,
        account: AccountWatch,
        sign: Sign,
        now: Callable[[], datetime],
        *,
        news: News,
        question_tries: int = 2,
        opening_s: float = 0.25,
        stir: Callable[[], None] = lambda: None,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        """`news` is told of what only operators can mend, `stir` when turns were queued."""
        self._news = news
        self._stir = stir
        self._store = store
        self._account = account
        self._sign = sign
        self._now = now
        self._question_tries = question_tries
        self._opening_s = opening_s
        self._jitter = jitter
        self._opening = asyncio.Lock()
        self._taken_at: dict[str, datetime] = {}
        self._probes: set[int] = set()

    async def holding(self, turn_id: int, model_of: Callable[[], Awaitable[str]]) -> Closed | None:
        """The gate that holds a turn, asked before anything is done for it. `model_of` tells what it would ask.

        A turn that passes a closed gate is its trial call from now on, until `let_go`.
        """
        if not await self._store.is_any_closed():
            return None
        return await self._ask(turn_id, gates_of(await model_of()))

    @asynccontextmanager
    async def entering(self, turn_id: int, model: str) -> AsyncIterator[Held | None]:
        """Hold the door for one call: inside, make it. Yields `Held` when a gate is closed.

        Leave the block as soon as the call was taken or refused; the door is let go after `opening_s` anyway.

        Calls begin one after another as long as nothing tells that they are taken: so a refusal that holds for all is
        met by one of them.
        """
        if self._trusts(model):
            closed = await self._ask(turn_id, gates_of(model))
            yield Held(closed) if closed else None
            return
        await self._opening.acquire()
        release = _Once(self._opening.release)
        timer: asyncio.TimerHandle | None = None
        try:
            closed = await self._ask(turn_id, gates_of(model))
            timer = asyncio.get_running_loop().call_later(self._opening_s, release)
            yield Held(closed) if closed else None
        finally:
            if timer is not None:
                timer.cancel()
            release()

    async def may_repeat(self, turn_id: int, model: str) -> bool:
        """Whether a call that failed may be tried again at once: not as a trial call, nor behind a gate."""
        if turn_id in self._probes:
            return False
        gates = gates_of(model)
        return not any(closed.gate in gates for closed in await self._store.closed())

    async def let_go(self, turn_id: int) -> None:
        """A turn ends or waits: if it was a trial call that told nothing, another may be made."""
        if turn_id in self._probes:
            self._probes.discard(turn_id)
            if await self._store.end_trial(turn_id):
                self._stir()

    async def allows_media(self, turn_id: int, minimum_usd: float) -> bool:
        """Whether the balance is known to bear a call with files; unknown balances are tried."""
        known = self._account.balance_usd
        if known is not None and known < minimum_usd:
            return False
        return await self._ask(turn_id, (Gate(Cause.MEDIA),)) is None

    async def refused(
        self, turn_id: int, model: str, error: AivaxError, *, has_media: bool, begun: bool = False
    ) -> Closed | Alone | None:
        """Learn from an error: the gate that it closed, the turn's own fault, or None for what no waiting mends.

        `begun`: the call had been taken, and failed before any text.
        """
        self._taken_at.pop(model, None)
        storage_full = await self._account.storage_is_full(error)
        balance_usd = self._account.balance_usd
        cause = cause_of(error, has_media=has_media, balance_usd=balance_usd, storage_full=storage_full)
        if cause is None:
            await self._store.end_trial(turn_id)
            await self._news.refused(model, error)
            return None
        verdict = await self._judge(turn_id, gate_for(cause, model), error, balance_usd, begun=begun)
        self._probes.discard(turn_id)
        if isinstance(verdict, Fault):
            return self._alone(verdict, error)
        if verdict.is_new:
            log.error("gate.closed", gate=verdict.gate.name, cause=str(error))
        if verdict.confirms:
            self._stir()
        return verdict

    async def taken(self, turn_id: int, model: str, *, said: bool = False) -> None:
        """A call got through, or with `said` brought text: the gates that it passed are open, the key is good."""
        self._taken_at[model] = self._now()
        if not said:
            await self._news.taken(model)
        gates = gates_of(model)
        for gate in await self._store.taken(gates, turn_id, said=said):
            self._say_open(gate)

    async def reopen(self, gate: Gate) -> None:
        """Open a gate; what waited behind it is queued in batches, and found by the queue's next sweep."""
        await self._store.open(gate)
        self._say_open(gate)

    def _say_open(self, gate: Gate) -> None:
        log.info("gate.open", gate=gate.name)
        self._stir()

    async def _ask(self, turn_id: int, gates: tuple[Gate, ...]) -> Closed | None:
        passage = await self._store.passage(gates, turn_id)
        if passage.is_probe:
            self._probes.add(turn_id)
        return passage.closed

    async def _judge(
        self, turn_id: int, gate: Gate, error: AivaxError, balance_usd: float | None, *, begun: bool
    ) -> Closed | Fault:
        suspect = gate.cause is Cause.OUTAGE and not is_certain(error)
        if suspect and not begun:
            suspect = not await self._sign.is_missing()
        when = partial(self._retry_at, gate.cause, error.retry_after_s)
        kind = f"{kind_of(error)}+" if begun else kind_of(error)
        return await self._store.refuse(gate, turn_id, kind, when, suspect=suspect, balance_usd=balance_usd)

    def _alone(self, fault: Fault, error: AivaxError) -> Alone:
        """When a question whose fault it is may be tried again, in its own time."""
        is_quota = fault.gate.cause is not Cause.OUTAGE
        log.warning("question.failed_alone", gate=fault.gate.name, tries=fault.tries, cause=str(error))
        if fault.tries >= (QUOTA_TRIES if is_quota else self._question_tries):
            return Alone(None)
        pause_s = min(AGAIN_S * 2 ** (fault.tries if is_quota else 0), LONGEST_AGAIN_S)
        return Alone(self._now() + timedelta(seconds=max(pause_s, error.retry_after_s or 0.0)))

    def _trusts(self, model: str) -> bool:
        taken_at = self._taken_at.get(model)
        return taken_at is not None and self._now() - taken_at < TRUST

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
