"""Tells people who wait for a call to AIVAX where they stand in line, and about how long it will take."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from datetime import datetime, timedelta
from functools import partial

import structlog

from core.admission.fair_queue import in_order
from core.admission.rate_windows import Allowance
from core.domain.calls import Waiting, free_calls, next_calls
from core.domain.errors import Fenced, PlatformError
from core.domain.messages import Status
from core.domain.ports import Frontend
from core.domain.turn import Turn
from core.i18n.catalog import Phrase
from core.i18n.translators import Translators
from core.storage.db.cancel_safe import settled
from core.storage.db.engine import Database
from core.storage.turns.call_store import ShareStore
from core.storage.turns.ledger import StoredLedger
from core.storage.turns.store import TurnStore

log = structlog.get_logger(__name__)

EVERY_S = 5.0
MOST_AT_ONCE = 10
"""Announcements of one look: platforms have limits too. The others' turn comes with the next looks."""
TELL_WITHIN_S = 10.0

Claim = Callable[[], Awaitable[Turn | None]]
Hold = Callable[[Claim], AbstractAsyncContextManager[Turn | None]]


class Announcer:
    """Looks along the line every few seconds; whoever has waited long, or has moved up, is told their place.

    For that the turn is claimed for a moment, as for an answer, so that nobody else writes to it meanwhile.
    """

    def __init__(
        self,
        database: Database,
        store: TurnStore,
        share: ShareStore,
        allowance: Allowance,
        frontends: Mapping[str, Frontend],
        translators: Translators,
        *,
        hold: Hold,
        patience_s: float,
        now: Callable[[], datetime],
    ) -> None:
        """`hold` claims a turn and lets it count as running here until its block ends."""
        self._database = database
        self._store = store
        self._share = share
        self._allowance = allowance
        self._frontends = frontends
        self._translators = translators
        self._hold = hold
        self._patience = timedelta(seconds=patience_s)
        self._now = now
        self._looking = asyncio.Lock()

    async def run(self) -> None:
        """Look every `EVERY_S` until cancelled."""
        while True:
            await asyncio.sleep(EVERY_S)
            try:
                await self.look()
            except Exception:
                log.exception("announcer.failed")

    async def look(self) -> None:
        """Tell those who should know, the ones who were told nothing yet first."""
        async with self._looking:
            await self._look()

    async def _look(self) -> None:
        windows = await self._allowance.windows()
        if not windows:
            return
        made = await self._share.made(windows)
        if free_calls(windows, made, self._now()):
            return
        line = in_order(await self._share.waiting(self._frontends), await self._share.served())
        times = next_calls(windows, made, self._now(), len(line))
        late = [
            (place, turn, at)
            for (place, turn), at in zip(enumerate(line, 1), times, strict=True)
            if turn.place_told != place and self._now() - turn.since >= self._patience
        ]
        late.sort(key=lambda each: each[1].place_told is not None)
        for place, turn, at in late[:MOST_AT_ONCE]:
            await self._tell(turn, place, (at - self._now()).total_seconds())

    async def _tell(self, waiting: Waiting, place: int, wait_s: float) -> None:
        claim = partial(self._store.claim_to_tell, waiting.conversation_id, waiting.turn_id, place)
        async with self._hold(claim) as turn:
            if turn is None:
                return
            try:
                async with asyncio.timeout(TELL_WITHIN_S):
                    await self._show(turn, place, wait_s)
            except (PlatformError, TimeoutError) as error:
                log.info("announcer.unshown", turn=turn.id, cause=str(error) or type(error).__name__)
            except Fenced:
                return
            finally:
                await settled(self._let_go(turn, waiting.since))

    async def _show(self, turn: Turn, place: int, wait_s: float) -> None:
        translator = self._translators.for_reader(turn.author.locale, turn.place)
        sentence = translator.say(Phrase.PLACE_IN_LINE, place=place, wait=translator.duration(wait_s))
        ledger = await StoredLedger.open(self._database, turn)
        async with self._frontends[turn.place.platform].reply_to(turn.address, ledger) as surface:
            await surface.note(Status(sentence))
            await surface.pause()

    async def _let_go(self, turn: Turn, due_at: datetime) -> None:
        try:
            await self._store.release(turn, due_at, counts=False)
        except Fenced:
            log.warning("turn.fenced", turn=turn.id)
