"""Tells people who wait for a call to AIVAX their place in the queue, and about how long it will take."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial

from core.admission.fair_queue import in_order
from core.admission.rate_windows import Allowance
from core.domain import Fenced, PlatformError, Status, Turn, Waiting, free_calls, next_calls
from core.i18n import Phrase
from core.storage.db import settled
from core.storage.turns.call_store import CallStore
from core.storage.turns.store import TurnStore
from core.turns.surfaces import Surfaces
from core.turns.worker_pool import WorkerPool
from core.util.log import log

EVERY_S = 5.0
MOST_AT_ONCE = 10
"""So many are told in one look: platforms have limits too. The others follow with the next looks."""
TELL_WITHIN_S = 10.0


class PositionNotifier:
    """Looks along the queue every few seconds; whoever has waited long, or has moved up, is told their place.

    For that the turn is claimed for a moment, as for an answer, so that nobody else writes to it meanwhile.
    """

    def __init__(
        self,
        store: TurnStore,
        calls: CallStore,
        allowance: Allowance,
        surfaces: Surfaces,
        pool: WorkerPool,
        *,
        silent_wait_s: float,
        now: Callable[[], datetime],
    ) -> None:
        """In the `pool`, a turn whose author is told counts as running while they are."""
        self._store = store
        self._calls = calls
        self._allowance = allowance
        self._surfaces = surfaces
        self._pool = pool
        self._silent_wait = timedelta(seconds=silent_wait_s)
        self._now = now
        self._looking = asyncio.Lock()

    async def run(self) -> None:
        """Look every `EVERY_S`, while any turn may wait, until cancelled."""
        while True:
            await self._pool.activity.wait()
            await asyncio.sleep(EVERY_S)
            try:
                await self.look()
            except Exception:
                log.exception("position_notifier.failed")

    async def look(self) -> None:
        """Tell those who should know, the ones who were told nothing yet first."""
        async with self._looking:
            for turn, place, at in await self._due():
                await self._tell(turn, place, (at - self._now()).total_seconds())

    async def _due(self) -> list[tuple[Waiting, int, datetime]]:
        """Who is to be told now, with their place and when they are expected to be answered."""
        windows = await self._allowance.windows()
        made = await self._calls.made(windows) if windows else None
        if made is None or free_calls(windows, made, self._now()):
            return []
        waiting = await self._calls.waiting(self._surfaces.platforms)
        queue = in_order(waiting, await self._calls.served())
        times = next_calls(windows, made, self._now(), len(queue))
        late = [
            (turn, place, at)
            for (place, turn), at in zip(enumerate(queue, 1), times, strict=True)
            if turn.position_told != place and self._now() - turn.since >= self._silent_wait
        ]
        return sorted(late, key=lambda each: each[0].position_told is not None)[:MOST_AT_ONCE]

    async def _tell(self, waiting: Waiting, place: int, wait_s: float) -> None:
        claim = partial(self._store.claim_to_tell, waiting.conversation_id, waiting.turn_id, place)
        async with self._pool.holding(claim) as turn:
            if turn is None:
                return
            about = {"turn": turn.id, "conversation": turn.conversation_id}
            try:
                async with asyncio.timeout(TELL_WITHIN_S):
                    await self._show(turn, place, wait_s)
            except (PlatformError, TimeoutError) as error:
                log.info("position_notifier.not_shown", **about, cause=str(error) or type(error).__name__)
            except Fenced:
                return
            finally:
                await settled(self._let_go(turn, waiting.since))

    async def _show(self, turn: Turn, place: int, wait_s: float) -> None:
        if turn.is_unasked:
            return
        translator = self._surfaces.translator(turn)
        sentence = translator.say(Phrase.PLACE_IN_LINE, place=place, wait=translator.duration(wait_s))
        async with self._surfaces.open(turn) as surface:
            await surface.note(Status(sentence))
            await surface.pause()

    async def _let_go(self, turn: Turn, due_at: datetime) -> None:
        try:
            await self._store.release(turn, due_at, counts=False, tried=False)
        except Fenced:
            log.warning("turn.fenced", turn=turn.id, conversation=turn.conversation_id)
