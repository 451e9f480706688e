"""After an answer: has a summary made where one is due, and may be. Nobody waits for it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from core.admission.spending.caps import SpendCaps
from core.conversations.history import History
from core.domain import SUMMARISE, BotError, Turn
from core.storage.summaries.store import SummaryStore
from core.storage.summaries.wanted import Bounds
from core.storage.turns.intake import IntakeStore
from core.summaries.due import due_of
from core.summaries.settings import SummariesSettings
from core.util.log import log

_MOST_WAITING = 1_000


class SummaryFollowUp:
    """Looks at conversations whose window filled up, one by one. What a crash forgets, the next answer tells."""

    def __init__(
        self,
        intake: IntakeStore,
        store: SummaryStore,
        history: History,
        settings: SummariesSettings,
        caps: SpendCaps,
        *,
        at_once: int,
    ) -> None:
        """`at_once`: so many are made at the same time."""
        self._intake = intake
        self._store = store
        self._history = history
        self._settings = settings
        self._caps = caps
        self._bounds = Bounds(settings.person_daily, at_once)
        self.is_idle = True
        """Whether no conversation waits to be looked at, or is."""
        self._waiting: asyncio.Queue[tuple[int, int]] = asyncio.Queue(_MOST_WAITING)

    def begin(self, turn: Turn, _text: str) -> None:
        """Look at the conversation of an answer, soon; returns at once."""
        if not turn.notice and self._history.filling.take(turn.conversation_id):
            self.look(turn, turn.conversation_id)

    def look(self, turn: Turn, conversation_id: int) -> None:
        """Look at a conversation because of a turn, which may stand beside it."""
        if not self._waiting.full():
            self.is_idle = False
            self._waiting.put_nowait((turn.id, conversation_id))

    async def run(self, notify: Callable[[int], None]) -> None:
        """Look at what is waiting, until cancelled; `notify` is told of a conversation that has work."""
        while True:
            self.is_idle = self._waiting.empty()
            turn_id, conversation_id = await self._waiting.get()
            try:
                if (beside := await self._ask(turn_id, conversation_id)) is not None:
                    notify(beside)
            except BotError as error:
                log.info("summary.not_asked_for", conversation=conversation_id, cause=str(error))
            except Exception:
                log.exception("summary.failed", conversation=conversation_id)

    async def _ask(self, turn_id: int, conversation_id: int) -> int | None:
        """Queue the turn that makes a summary, where one is due; where it stands."""
        summary = await self._store.of(conversation_id)
        if summary is not None and summary.again_at is not None and summary.again_at > self._intake.now():
            return None
        if not (await due_of(self._history, summary, conversation_id, self._settings)).is_due:
            return None
        async with self._intake.transaction() as transaction:
            asker = await transaction.summaries.asker(turn_id)
            await transaction.consumption.lock_person(asker.identity_id)
            spending = transaction.consumption.spending(self._caps.price)
            if self._caps.are_set:
                await self._caps.lock(spending, asker.place)
                closed = await self._caps.closed(spending, transaction.now, asker.identity_id, asker.place)
                if closed is not None:
                    return None
            beside = await transaction.summaries.open(conversation_id)
            if not await transaction.summaries.has_room(beside, asker, self._bounds, turn_id):
                return None
            await transaction.add_turn(beside, asker.identity_id, "", capability=SUMMARISE, unseen=True)
            await transaction.announce(beside, asker.place.platform)
        return beside
