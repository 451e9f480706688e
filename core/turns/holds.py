"""Turns that can't be answered yet: they wait in silence for a moment, or are held and their author is told once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import structlog

from core.admission.admission import RetryAlone
from core.conversations.prompt import NoRoom
from core.delivery.error_messages import apologise_for_waiting
from core.domain.breakers import Cause, Tripped
from core.domain.ports import ReplySurface
from core.domain.turn import CancelRequest, Turn
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
        self, turn: Turn, reason: Tripped | RetryAlone | NoRoom, surface: ReplySurface | None = None
    ) -> None:
        """Have the turn come back when its reason has passed.

        Without a `surface`, nothing was done on the platform yet, and nothing is unless there is something to say.
        """
        match reason:
            case Tripped():
                await self._hold(turn, reason, surface)
            case RetryAlone():
                again_at = reason.again_at or self._now()
                await self._store.release(turn, again_at, counts=False, unbilled=True)
            case NoRoom():
                await self._store.release(turn, self._now(), counts=False, unbilled=True)
                self._sweep_soon()  # the call that was promised to it is free again

    async def _hold(self, turn: Turn, tripped: Tripped, surface: ReplySurface | None) -> None:
        breaker = tripped.breaker
        told = await self._store.told_before(turn, breaker.name, tripped.since)
        if turn.id not in told and (again_at := self._comes_back_at(turn, tripped)) is not None:
            await self._store.delay(turn, breaker.name, again_at)
            return
        cancel_request = await self._store.cancel_request(turn)
        if cancel_request is not None and cancel_request.ends_answer:
            if surface is None:
                await self._endings.close_early(turn, cancel_request, "")
            else:
                await self._endings.break_off(turn, surface, Draft(), cancel_request)
            return
        if cancel_request is not CancelRequest.DROP and not await self._knows(turn, told):
            await self._tell(turn, tripped, surface)
        await self._store.hold(turn, breaker.name)
        log.info("turn.held", breaker=breaker.name)

    def _comes_back_at(self, turn: Turn, tripped: Tripped) -> datetime | None:
        """When a turn comes back that is held for a moment only, in silence; None if its author is to be told."""
        if tripped.breaker.cause not in (Cause.RATE, Cause.OUTAGE):
            return None
        if tripped.retry_at - self._now() <= self._silent_wait:
            return tripped.retry_at
        waited_long = self._now() - turn.created_at >= 2 * self._silent_wait
        return None if waited_long or not tripped.is_tried else self._now() + self._silent_wait

    async def _knows(self, turn: Turn, told: set[int]) -> bool:
        """Whether the author was told of this turn, or of another one and a sign on this one is enough."""
        if turn.id in told:
            return True
        return (
            bool(told)
            and not turn.position_only_attempts
            and await self._surfaces.frontend(turn).sign(turn.address)
        )

    async def _tell(self, turn: Turn, tripped: Tripped, surface: ReplySurface | None) -> None:
        message = apologise_for_waiting(tripped, self._surfaces.translator(turn), self._now(), turn.key)
        if surface is not None:
            await surface.fail(message)
            return
        async with self._surfaces.open(turn) as opened:
            await opened.fail(message)
