"""Turns that can't be answered yet: they wait in silence for a moment, or are held and their author is told once."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from datetime import datetime, timedelta

from core.admission.admission import RetryAlone
from core.conversations.composer import NoRoom
from core.delivery.error_messages import apologise_for_waiting
from core.domain import (
    CancelRequest,
    Cause,
    Fenced,
    PlatformError,
    ReplySurface,
    Sign,
    StorageError,
    Tripped,
    Turn,
    TurnState,
)
from core.settings import LimitsSettings
from core.storage.turns.store import TurnStore
from core.turns.endings import Endings
from core.turns.surfaces import Surfaces
from core.util.log import log
from core.util.retry import growing_s

FIRST_DELAY_S = 2.0
LONGEST_DELAY_S = 300.0
PROBED = timedelta(seconds=3)
"""So long after the next probe may be made, a turn that waits for it comes back: to come with it would be in vain.

A probe that gets through releases all of them before. Where it does not, they come to tell their authors.
"""


class Holds:
    """Puts turns back into the queue, each until what stands in its way has passed."""

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
        self._limits = limits
        self._now = now
        self._sweep_soon = sweep_soon

    async def hand_over(self, turn: Turn) -> None:
        """Put the turn back for another worker; where that fails, it is found when its lease has run out."""
        try:
            await self._store.release(turn, self._now(), counts=False)
        except (Fenced, StorageError) as error:
            log.warning("turn.left_behind", cause=str(error))
        else:
            log.info("turn.handed_over")

    async def delay(self, turn: Turn, error: PlatformError | TimeoutError) -> None:
        """The platform can't take it now: the turn waits, and no try is used up, until it is too old."""
        if self._now() - turn.created_at > timedelta(hours=self._limits.delivery_hours):
            log.error("turn.undeliverable", cause=str(error), setting="[limits] delivery_hours")
            await self._store.close(turn, TurnState.FAILED, failure=type(error).__name__)
            return
        wanted = error.retry_after_s if isinstance(error, PlatformError) else None
        delay_s = wanted or growing_s(turn.attempt - turn.unbilled_attempts, FIRST_DELAY_S, LONGEST_DELAY_S)
        log.warning("turn.delayed", cause=str(error) or type(error).__name__, delay_s=delay_s)
        due_at = self._now() + timedelta(seconds=delay_s)
        await self._store.release(turn, due_at, counts=isinstance(error, TimeoutError))

    async def put_back(
        self, turn: Turn, reason: Tripped | RetryAlone | NoRoom, surface: ReplySurface | None = None
    ) -> None:
        """Have a turn that nothing was said for yet come back when its reason has passed.

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
            if not await self._store.delay(turn, breaker.name, again_at):
                self._sweep_soon()
            return
        cancel_request = await self._store.cancel_request(turn)
        if cancel_request is not None and cancel_request.ends_answer:
            if surface is None:
                await self._endings.close_early(turn, cancel_request, "")
            else:
                await self._endings.break_off(turn, surface, cancel_request)
            return
        if cancel_request is not CancelRequest.DROP and not await self._knows(turn, told):
            message = apologise_for_waiting(tripped, self._surfaces.translator(turn), self._now(), turn.key)
            async with nullcontext(surface) if surface else self._surfaces.open(turn) as shown:
                await shown.fail(message)
        if await self._store.hold(turn, breaker.name):
            log.info("turn.held", breaker=breaker.name)
        else:
            self._sweep_soon()

    def _comes_back_at(self, turn: Turn, tripped: Tripped) -> datetime | None:
        """When a turn comes back that is held for a moment only, in silence; None if its author is to be told."""
        if tripped.breaker.cause not in (Cause.RATE, Cause.OUTAGE):
            return None
        if tripped.retry_at - self._now() <= self._silent_wait:
            return tripped.retry_at + PROBED
        waited_long = self._now() - turn.created_at >= 2 * self._silent_wait
        return None if waited_long or not tripped.is_tried else self._now() + self._silent_wait

    async def _knows(self, turn: Turn, told: set[int]) -> bool:
        """Whether the author was told of this turn, or of another one and a sign on this one is enough."""
        return (
            turn.id in told
            or turn.is_unasked
            or (
                bool(told)
                and not turn.position_only_attempts
                and await self._surfaces.frontend(turn).sign(turn.address, Sign.WAITS)
            )
        )
