"""Fair share: where AIVAX takes fewer calls than are wanted, turns run in the order of their share, not of arrival."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from datetime import datetime

from core.admission.rate_windows import Allowance
from core.domain import RateLimited, Turn, free_calls
from core.domain.metrics import CLAIMS, NO_METER, Meter
from core.storage.turns.call_store import CallStore
from core.storage.turns.store import TurnStore


class FairWorklist:
    """`core.turns.worker_pool.Worklist` that gives out turns only with a call each.

    The conversation that is asked for is then no more than a hint: whose turn is next decides who gets the call.
    """

    def __init__(
        self,
        store: TurnStore,
        share: CallStore,
        allowance: Allowance,
        now: Callable[[], datetime],
        meter: Meter = NO_METER,
    ) -> None:
        self._store = store
        self._meter = meter
        self._share = share
        self._allowance = allowance
        self._now = now

    @property
    def claims_see_each_other(self) -> bool:
        """See `core.turns.worker_pool.Worklist`."""
        return self._store.has_one_writer

    async def claim(self, conversation_id: int, platforms: Collection[str]) -> Turn | None:
        """Take the turn whose share is next; None when none waits or no call is free."""
        windows = await self._allowance.windows()
        if windows:
            turn = await self._share.claim(windows, platforms)
        else:
            turn = await self._store.claim(conversation_id, platforms)
        self._meter.count(CLAIMS, found="nothing" if turn is None else "turn")
        return turn

    async def recover(self, platforms: Collection[str], *, running: Collection[int]) -> int:
        """See `TurnStore.recover`."""
        return await self._store.recover(platforms, running=running)

    async def has_unfinished(self) -> bool:
        """See `TurnStore.has_unfinished`."""
        return await self._store.has_unfinished()

    async def renew(self, running: Collection[int]) -> None:
        """See `TurnStore.renew`."""
        await self._store.renew(running)

    async def conversations_with_work(self, platforms: Collection[str]) -> Sequence[int]:
        """Conversations with a turn that may run now: where calls are limited, as many as there are calls."""
        windows = await self._allowance.windows()
        if not windows:
            return await self._store.conversations_with_work(platforms)
        ready = await self._share.ready(platforms)
        free = free_calls(windows, await self._share.made(windows), self._now())
        fair = await self._share.waiting(platforms, free) if free else []
        return [*ready, *(turn.conversation_id for turn in fair)]


class Permits:
    """Asked before each try of a call, so that AIVAX never sees more than it takes."""

    def __init__(self, share: CallStore, allowance: Allowance, now: Callable[[], datetime]) -> None:
        self._share = share
        self._allowance = allowance
        self._now = now

    async def spend(self, turn_id: int) -> None:
        """Await this before each try of a turn's call. Raises `RateLimited` when no call is free."""
        windows = await self._allowance.windows()
        if windows and (at := await self._share.spend(turn_id, windows)) is not None:
            wait_s = (at - self._now()).total_seconds()
            raise RateLimited(code="own_limit", detail="no call is free", retry_after_s=max(wait_s, 0.1))
