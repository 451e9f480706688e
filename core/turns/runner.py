"""One turn, from its claim to its end, or back to wait for another try."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta

import structlog

from core.domain.errors import Fenced, MessageRefused, OddAnswer, PlaceClosed, PlatformError, StorageError
from core.domain.turn import Turn, TurnState
from core.settings import LimitsSettings
from core.storage.db.cancel_safe import settled
from core.storage.turns.store import TurnStore
from core.turns.answering import Answering
from core.turns.refused_answer import RefusedAnswers

log = structlog.get_logger(__name__)

FIRST_DELAY_S = 2.0
LONGEST_DELAY_S = 300.0


class Runner:
    """Runs claimed turns. Whatever happens, a turn ends, or goes back to wait for another try."""

    def __init__(
        self,
        store: TurnStore,
        answering: Answering,
        refused: RefusedAnswers,
        limits: LimitsSettings,
        now: Callable[[], datetime],
    ) -> None:
        self._store = store
        self._answering = answering
        self._refused = refused
        self._delivery_age = timedelta(hours=limits.delivery_hours)
        self._now = now

    async def run(self, turn: Turn) -> None:
        """Bring a claimed turn to its end, or back to wait when the platform can't take the answer now."""
        with structlog.contextvars.bound_contextvars(turn=turn.id, attempt=turn.attempt):
            try:
                await self._answer(turn)
            except Fenced:
                log.warning("turn.fenced")
            except PlaceClosed as error:
                log.warning("turn.undeliverable", cause=str(error))
                await self._store.close(turn, TurnState.FAILED, failure=type(error).__name__)
            except (PlatformError, TimeoutError) as error:
                await self._later(turn, error)
            except asyncio.CancelledError:
                await settled(self._hand_over(turn))
                raise

    async def _answer(self, turn: Turn) -> None:
        try:
            await self._answering.run(turn)
        except (MessageRefused, OddAnswer) as error:
            await self._refused.end(turn, error)

    async def _hand_over(self, turn: Turn) -> None:
        """Put the turn back for whoever comes next; who can't, leaves it to be found when its lease ran out."""
        try:
            await self._store.release(turn, self._now(), counts=False)
        except (Fenced, StorageError) as error:
            log.warning("turn.left_behind", cause=str(error))
        else:
            log.info("turn.handed_over")

    async def _later(self, turn: Turn, error: PlatformError | TimeoutError) -> None:
        """The platform can't take it now: the turn waits, and no try is used up, until it is too old."""
        wanted = error.retry_after_s if isinstance(error, PlatformError) else None
        delay_s = wanted or min(
            FIRST_DELAY_S * 2 ** min(turn.attempt - turn.unbilled_attempts, 10), LONGEST_DELAY_S
        )
        if self._now() - turn.created_at > self._delivery_age:
            log.error("turn.undeliverable", cause=str(error), setting="[limits] delivery_hours")
            await self._store.close(turn, TurnState.FAILED, failure=type(error).__name__)
            return
        log.warning("turn.delayed", cause=str(error) or type(error).__name__, delay_s=delay_s)
        due_at = self._now() + timedelta(seconds=delay_s)
        await self._store.release(turn, due_at, counts=isinstance(error, TimeoutError))
