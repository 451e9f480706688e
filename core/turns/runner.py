"""One turn, from its claim to its end, or back to wait for another try."""

from __future__ import annotations

import asyncio
from functools import partial

import structlog

from core.admission.admission import RetryAlone
from core.conversations.composer import NoRoom
from core.delivery.buttons import buttons
from core.domain import (
    CancelRequest,
    CutShort,
    Fenced,
    Footer,
    MessageRefused,
    OddAnswer,
    PlaceClosed,
    PlatformError,
    ReplySurface,
    StorageError,
    Tripped,
    Turn,
    TurnState,
)
from core.domain.spans import span
from core.settings import LimitsSettings
from core.storage.db import settled
from core.storage.turns.store import TurnStore
from core.turns.answer import Answer
from core.turns.cancellation import Cancellations
from core.turns.endings import Endings
from core.turns.generation import Generation
from core.turns.holds import Holds
from core.turns.surfaces import Surfaces
from core.turns.unseen import UnseenTurns
from core.util.log import log


class _Stopped(CutShort):
    """A whole answer is to be shown no further."""

    def __init__(self, turn: Turn, cancel_request: CancelRequest, text: str) -> None:
        super().__init__(turn.id, turn.attempt)
        self.cancel_request = cancel_request
        self.text = text


class Runner:
    """Runs claimed turns. Whatever happens, a turn ends, or goes back to wait for another try."""

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
        self._unseen = UnseenTurns(store, surfaces, generation, limits)
        self._store = store
        self._surfaces = surfaces
        self._generation = generation
        self._endings = endings
        self._holds = holds
        self._cancellations = cancellations
        self._limits = limits

    async def run(self, turn: Turn) -> None:
        """Bring a claimed turn to its end, or back to wait when the platform can't take the answer now."""
        with structlog.contextvars.bound_contextvars(
            turn=turn.id, attempt=turn.attempt, conversation=turn.conversation_id
        ):
            try:
                try:
                    await self._run(turn)
                except (MessageRefused, OddAnswer) as error:
                    await self._endings.not_taken(turn, error)
            except Fenced:
                log.warning("turn.fenced")
            except PlaceClosed as error:
                log.warning("turn.undeliverable", cause=str(error))
                await self._store.close(turn, TurnState.FAILED, failure=type(error).__name__)
            except (PlatformError, TimeoutError) as error:
                await self._holds.delay(turn, error)
            except asyncio.CancelledError:
                await settled(self._holds.hand_over(turn))
                raise
            finally:
                self._cancellations.leave(turn)
                self._store.leave(turn)

    async def _run(self, turn: Turn) -> None:
        """Answer the turn, or show the answer that is stored already. Raises what the platform does not take."""
        if turn.is_unseen:
            await self._unseen.run(turn)
            return
        if turn.ended_by is not None:
            await self._endings.close_early(turn, turn.ended_by, turn.answer or "")
            return
        if turn.takes_back is not None:
            turn = await self._endings.removal.carry_out(turn, turn.takes_back)
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
            is_the_models = not turn.notice and await self._store.is_the_models(turn)
            offers = self._endings.after if is_the_models else turn.offers
            footer = Footer(buttons=buttons(offers, turn.key, self._surfaces.translator(turn)))
            files = 0 if turn.notice else len(await self._store.files.sizes(turn))
            await self._deliver(turn, surface, turn.answer, footer, files=files)
        elif not self._is_to_ask(turn):
            await self._endings.give_up(turn, surface)
        else:
            await self._answer(turn, surface)

    async def _answer(self, turn: Turn, surface: ReplySurface) -> None:
        translator, frontend = self._surfaces.translator(turn), self._surfaces.frontend(turn)
        heard = partial(self._cancellations.look, turn.conversation_id)
        answer = Answer(turn, frontend, surface, translator, self._limits, heard=heard)
        held_by: Tripped | RetryAlone | NoRoom | None = None
        try:
            async with self._cancellations.ending(turn) as cancellation:
                await surface.offer(self._endings.buttons_during(turn))
                held_by = await self._generation.generate(answer)
        except (Fenced, PlatformError, StorageError, TimeoutError):
            raise
        except Exception as error:  # noqa: BLE001  a bug must still end in a sentence; the log has the rest
            await self._endings.fail(answer, error)
            return
        if (request := cancellation.cancel_request) is not None:
            await self._endings.break_off(turn, surface, request, answer.text, answer.usage)
        elif held_by is not None:
            await self._holds.put_back(turn, held_by, surface)
        else:
            footer = self._endings.footer(answer)
            await self._deliver(turn, surface, answer.text, footer, files=answer.files)
            log.info("turn.answered", characters=len(answer.text), place=turn.place.platform)

    async def _deliver(
        self, turn: Turn, surface: ReplySurface, text: str, footer: Footer, *, files: int
    ) -> None:
        """Show a whole answer to its end, unless a stop comes before that end does. Raises `_Stopped` then."""
        with span("deliver"):
            if turn.notice:
                await surface.finish(footer)
            else:
                async with self._cancellations.ending(turn, whole=True) as cancellation:
                    await self._endings.finish(turn, surface, text, footer, files=files)
                if cancellation.cancel_request is not None:
                    raise _Stopped(turn, cancellation.cancel_request, text)
        await self._store.close(turn, TurnState.ANSWERED)
