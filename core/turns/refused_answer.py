"""The end of an answer that a platform does not take, though it takes others in the same place.

Its author is told so. Where the platform only failed at it, that sentence is also the proof that the place is open:
the answer is tried once more after it, so that the end of an outage is never taken for an answer's own fault.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence

import structlog

from core.delivery.buttons import buttons
from core.delivery.error_messages import apologise
from core.domain.errors import MessageRefused, OddAnswer
from core.domain.messages import Action, Footer
from core.domain.ports import ReplySurface
from core.domain.turn import Turn, TurnState
from core.storage.turns.store import TurnStore
from core.turns.surfaces import Surfaces

log = structlog.get_logger(__name__)


class RefusedAnswers:
    """Says that an answer is not taken, and ends its turn."""

    def __init__(self, store: TurnStore, surfaces: Surfaces, after: Sequence[Action]) -> None:
        """`after`: the buttons below an answer."""
        self._store = store
        self._surfaces = surfaces
        self._after = after

    async def end(self, turn: Turn, error: MessageRefused | OddAnswer) -> None:
        """Tell, try once more where that may help, and end the turn.

        Raises PlatformError where nothing is taken there now: then it was no fault of the answer's.
        """
        reference, kind = secrets.token_hex(4), type(error).__name__
        log.error("turn.not_taken", cause=str(error), reference=reference, exc_info=error)
        try:
            message = apologise(error, self._surfaces.translator(turn), reference)
            await self._surfaces.show(turn, lambda surface: surface.fail(message))
            if error.failed and await self._again(turn):
                await self._store.close(turn, TurnState.ANSWERED)
                return
        except OddAnswer:
            log.warning("turn.not_told", reference=reference)
        except MessageRefused as refused:
            if refused.failed:
                raise  # it fails at everything: an outage
            log.warning("turn.not_told", reference=reference, cause=str(refused))
        await self._store.close(turn, TurnState.FAILED, failure=kind, reference=reference)

    async def _again(self, turn: Turn) -> bool:
        """Show the answer once more, now that the place is known to be open; false where it is refused again."""
        answer = await self._store.answer_of(turn)
        if answer is None:
            return False

        async def write(surface: ReplySurface) -> None:
            await surface.write(answer)
            offered = buttons(self._after, turn.key, self._surfaces.translator(turn))
            await surface.finish(Footer(buttons=offered))

        try:
            await self._surfaces.show(turn, write)
        except (MessageRefused, OddAnswer):
            return False
        return True
