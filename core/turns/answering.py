"""Getting an answer to the screen: asked for, streamed, shown to its end, or ended early."""

from __future__ import annotations

import asyncio

import structlog

from core.admission.admission import RetryAlone
from core.conversations.prompt import NoRoom
from core.delivery.buttons import buttons
from core.domain.breakers import Tripped
from core.domain.errors import CutShort, Fenced, PlatformError, StorageError
from core.domain.messages import Footer
from core.domain.ports import ReplySurface
from core.domain.turn import CancelRequest, Turn, TurnState
from core.settings import LimitsSettings
from core.storage.turns.store import TurnStore
from core.turns.cancellation import Cancellations
from core.turns.draft import Draft
from core.turns.endings import Endings
from core.turns.generation import Answer, Generation
from core.turns.holds import Holds
from core.turns.surfaces import Surfaces

log = structlog.get_logger(__name__)


class _Stopped(CutShort):
    """A whole answer is to be shown no further."""

    def __init__(self, turn: Turn, cancel_request: CancelRequest, text: str) -> None:
        super().__init__(turn.id, turn.attempt)
        self.cancel_request = cancel_request
        self.text = text


class Answering:
    """Answers a turn, or shows the answer that is stored already."""

    def __init__(
        self,
        store: TurnStore,
        surfaces: Surfaces,
        generation: Generation,
        endings: Endings,
        holds: Holds,
        cancellations: Cancellations,
        limits: LimitsSettings,
    ) -> None:
        self._store = store
        self._surfaces = surfaces
        self._generation = generation
        self._endings = endings
        self._holds = holds
        self._cancellations = cancellations
        self._limits = limits

    async def run(self, turn: Turn) -> None:
        """Bring the turn to its end, or put it back. Raises what the platform or the database does not take."""
        if turn.ended_by is not None:
            await self._endings.close_early(turn, turn.ended_by, turn.answer or "")
            return
        try:
            if self._is_to_ask(turn) and (tripped := await self._generation.holding(turn)) is not None:
                async with asyncio.timeout(self._limits.turn_timeout_s):
                    await self._holds.put_back(turn, tripped)
            else:
                await self._surfaces.show(turn, lambda surface: self._speak(turn, surface))
        except _Stopped as stopped:
            await self._endings.close_early(turn, stopped.cancel_request, stopped.text)
        finally:
            await self._generation.let_go(turn)

    def _is_to_ask(self, turn: Turn) -> bool:
        return turn.answer is None and turn.tries <= self._limits.attempts

    async def _speak(self, turn: Turn, surface: ReplySurface) -> None:
        if turn.answer is not None:
            await surface.write(turn.answer)
            offers = turn.offers
            if not turn.notice and await self._store.is_the_models(turn):
                offers = self._endings.after
            footer = Footer(buttons=buttons(offers, turn.key, self._surfaces.translator(turn)))
            await self._deliver(turn, surface, turn.answer, footer)
        elif not self._is_to_ask(turn):
            await self._endings.give_up(turn, surface)
        else:
            await self._answer(turn, surface)

    async def _answer(self, turn: Turn, surface: ReplySurface) -> None:
        draft = Draft(self._limits)
        answer = Answer(turn, self._surfaces.frontend(turn), surface, draft, self._surfaces.translator(turn))
        held_by: Tripped | RetryAlone | NoRoom | None = None
        is_whole = False
        try:
            async with self._cancellations.ending(turn) as cancellation:
                await surface.offer(self._endings.buttons_during(turn))
                held_by = await self._generation.generate(answer)
                is_whole = held_by is None
        except (Fenced, PlatformError, StorageError, TimeoutError):
            raise
        except Exception as error:  # noqa: BLE001  a bug must still end in a sentence; the log has the rest
            await self._endings.fail(turn, surface, error, draft)
            return
        if is_whole:
            await self._deliver(turn, surface, draft.text, self._endings.footer(turn, draft))
            log.info("turn.answered", characters=len(draft.text), place=turn.place.platform)
        elif cancellation.cancel_request is not None:
            await self._endings.break_off(turn, surface, draft, cancellation.cancel_request)
        elif held_by is not None:
            await self._holds.put_back(turn, held_by, surface)

    async def _deliver(self, turn: Turn, surface: ReplySurface, text: str, footer: Footer) -> None:
        """Show a whole answer to its end, unless a stop comes before that end does. Raises `_Stopped` then."""
        if turn.notice:
            await surface.finish(footer)
        else:
            is_shown = False
            async with self._cancellations.ending(turn, whole=True) as cancellation:
                await surface.finish(footer)
                is_shown = True
            if not is_shown and cancellation.cancel_request is not None:
                raise _Stopped(turn, cancellation.cancel_request, text)
        await self._store.close(turn, TurnState.ANSWERED)
