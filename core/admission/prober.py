"""Sees to it that a closed gate opens when its cause is gone, with no restart and nobody's help."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta

import structlog

from core.admission.account import AccountWatch
from core.admission.account_alerts import News
from core.admission.admission import Admission
from core.admission.liveness import Sign
from core.domain.breakers import Cause, Closed, Gate
from core.domain.messages import Place
from core.storage.turns.breakers import GateStore
from core.storage.turns.release import Waking
from core.storage.turns.store import TurnStore

log = structlog.get_logger(__name__)

MEDIA_MINIMUM_USD = 0.5
"""With this much, files of every kind are taken."""
SIGNS_EVERY_S = 3.0
OLD_EVERY = timedelta(minutes=1)
MOST_OLD = 100
"""Questions that are given up in one look: the others' turn comes with the next looks."""


class Healing:
    """While a gate is closed: reads the account every `probe_interval_s`, and lets a trial call go when one is due.

    `stir` is told when turns were queued, `news` how the gates stand; `give_up` ends a turn, for an author of that
    locale.
    """

    def __init__(
        self,
        gates: GateStore,
        waking: Waking,
        turns: TurnStore,
        admission: Admission,
        account: AccountWatch,
        sign: Sign,
        *,
        now: Callable[[], datetime],
        parked_max_age: timedelta,
        give_up: Callable[[int, str, Place], Awaitable[None]],
        stir: Callable[[], None],
        news: News,
        probe_interval_s: float = 15.0,
        tick_s: float = 1.0,
    ) -> None:
        self._gates = gates
        self._waking = waking
        self._turns = turns
        self._admission = admission
        self._account = account
        self._sign = sign
        self._now = now
        self._parked_max_age = parked_max_age
        self._give_up = give_up
        self._stir = stir
        self._news = news
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
        """Let every closed gate have a trial call now: a process that has just started may try at once.

        To be awaited before the first turn runs: what that one closes stays closed.
        """
        await self._guarded(self._gates.try_at_once)
        await self._guarded(self._news.begin)

    async def look(self) -> None:
        """Look once at every closed gate, at what is to be woken, and at what has waited too long."""
        await self._end_old()
        if await self._waking.go_on():
            self._stir()
        closed = await self._gates.closed()
        for gate in closed:
            await self._let_try(gate)
        if any(gate.gate.cause in (Cause.BALANCE, Cause.STORAGE, Cause.MEDIA) for gate in closed):
            await self._probe(closed)
        else:
            self._probe_at = None
        await self._news.look()

    async def heed_signs(self) -> None:
        """While a model is out: ask whether the service answers at all, and have it tried when it does again."""
        out = [gate for gate in await self._gates.closed() if gate.gate.cause is Cause.OUTAGE]
        if not out or not await self._sign.has_returned():
            return
        for gate in out:
            if await self._gates.hint(gate.gate):
                log.info("probe.hinted", gate=gate.gate.name)
                await self._waking.nominate(gate.gate.name, untried=False)
        self._stir()

    async def _let_try(self, closed: Closed) -> None:
        """Wake the turn that is to be the trial call, where one is due, or where a suspicion may be contradicted."""
        is_due = closed.retry_at <= self._now()
        if not is_due and (closed.is_tried or not closed.confirms):
            return
        if await self._waking.nominate(closed.gate.name, untried=not is_due):
            self._stir()

    async def _end_old(self) -> None:
        if self._old_at is not None and self._now() - self._old_at < OLD_EVERY:
            return
        old = await self._turns.parked_before(self._now() - self._parked_max_age, MOST_OLD)
        for turn_id, locale, place in old:
            await self._give_up(turn_id, locale, place)
            self._stir()
        self._old_at = self._now() if len(old) < MOST_OLD else None

    async def _probe(self, closed: Sequence[Closed]) -> None:
        if self._probe_at is not None and self._now() < self._probe_at:
            return
        self._probe_at = self._now() + self._probe_interval
        told = await self._account.read()
        if told is None:
            return
        for gate in closed:
            if await self._is_healed(gate.gate, told.balance_usd, told.storage_is_full):
                await self._admission.reopen(gate.gate)

    async def _is_healed(self, gate: Gate, balance_usd: float | None, storage_is_full: bool | None) -> bool:
        match gate.cause:
            case Cause.BALANCE:
                return balance_usd is not None and await self._gates.note_balance(balance_usd)
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
            log.exception("healing.failed")
