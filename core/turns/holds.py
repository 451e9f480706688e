"""Turns that can't be answered yet: they wait in silence for a moment, or are held and their author is told once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import structlog

from core.admission.admission import Alone
from core.conversations.prompt import NoRoom
from core.delivery.error_messages import apologise_for_waiting
from core.domain.breakers import Cause, Closed
from core.domain.ports import ReplySurface
from core.domain.turn import Turn, Wish
from core.settings import LimitsSettings
from core.storage.turns.store import TurnStore
from core.turns.draft import Draft
from core.turns.endings import Endings
from core.turns.surfaces import Surfaces

log = structlog.get_logger(__name__)


class Holds:
    """Puts a turn back that nothing was said for yet."""

    def __init__(
        self,
        store: TurnStore,
        surfaces: Surfaces,
        endings: Endings,
        limits: LimitsSettings,
        now: Callable[[], datetime],
        sweep_soon: Callable[[], None],
    ) -> None:
        """`sweep_soon` has the rows read for turns that may run now."""
        self._store = store
        self._surfaces = surfaces
        self._endings = endings
        self._silent_wait = timedelta(seconds=limits.silent_wait_s)
        self._now = now
        self._sweep_soon = sweep_soon

    async def put_back(
        self, turn: Turn, reason: Closed | Alone | NoRoom, surface: ReplySurface | None = None
    ) -> None:
        """Have the turn come back when its reason has passed.

        Without a `surface`, nothing was done on the platform yet, and nothing is unless there is something to say.
        """
        match reason:
            case Closed():
                await self._hold(turn, reason, surface)
            case Alone():
                again_at = reason.again_at or self._now()
                await self._store.release(turn, again_at, counts=False, unpaid=True)
            case NoRoom():
                await self._store.release(turn, self._now(), counts=False, unpaid=True)
                self._sweep_soon()  # the call that was promised to it is free again

    async def _hold(self, turn: Turn, closed: Closed, surface: ReplySurface | None) -> None:
        gate = closed.gate
        told = await self._store.told_before(turn, gate.name, closed.since)
        if turn.id not in told and (again_at := self._comes_back_at(turn, closed)) is not None:
            await self._store.hold(turn, gate.name, again_at)
            return
        wish = await self._store.wish(turn)
        if wish is not None and wish.ends_answer:
            if surface is None:
                await self._endings.close_early(turn, wish, "")
            else:
                await self._endings.break_off(turn, surface, Draft(), wish)
            return
        if wish is not Wish.DROP and not await self._knows(turn, told):
            await self._tell(turn, closed, surface)
        await self._store.park(turn, gate.name)
        log.info("turn.parked", gate=gate.name)

    def _comes_back_at(self, turn: Turn, closed: Closed) -> datetime | None:
        """When a turn comes back that is held for a moment only, in silence; None if its author is to be told."""
        if closed.gate.cause not in (Cause.RATE, Cause.OUTAGE):
            return None
        if closed.retry_at - self._now() <= self._silent_wait:
            return closed.retry_at
        waited_long = self._now() - turn.created_at >= 2 * self._silent_wait
        return None if waited_long or not closed.is_tried else self._now() + self._silent_wait

    async def _knows(self, turn: Turn, told: set[int]) -> bool:
        """Whether the author was told of this turn, or of another one and a sign on this one is enough."""
        if turn.id in told:
            return True
        return bool(told) and not turn.announced and await self._surfaces.frontend(turn).sign(turn.address)

    async def _tell(self, turn: Turn, closed: Closed, surface: ReplySurface | None) -> None:
        message = apologise_for_waiting(closed, self._surfaces.translator(turn), self._now(), turn.key)
        if surface is not None:
            await surface.fail(message)
            return
        async with self._surfaces.open(turn) as opened:
            await opened.fail(message)
