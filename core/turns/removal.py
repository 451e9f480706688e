"""Taking an answer off the screen, once it is forgotten: before the sentence that tells so is said."""

from __future__ import annotations

from dataclasses import replace

from core.domain import ENDED, PlaceClosed, PlatformBusy, Turn
from core.i18n import Phrase
from core.storage.turns.store import TurnStore
from core.storage.turns.taken_back import Standing
from core.turns.surfaces import Surfaces
from core.util.log import log

LOOK_AGAIN_S = 1.0
"""An answer that is still being written ends first."""


class Removal:
    """Removes every message of an answer, whichever process showed them, and however often it is tried."""

    def __init__(self, store: TurnStore, surfaces: Surfaces) -> None:
        self._store = store
        self._surfaces = surfaces

    async def carry_out(self, turn: Turn, taken_back: int) -> Turn:
        """Remove what a sentence tells the removal of; the sentence as it is to be said.

        Raises:
            PlatformBusy, OutcomeUnknown: not now, or not before the answer that is being written has ended.
        """
        standing = await self._store.taken_back.standing(taken_back)
        if standing is not None and standing.state not in ENDED:
            raise PlatformBusy(turn.place.platform, code="being_written", retry_after_s=LOOK_AGAIN_S)
        if standing is None or await self._remove(turn, standing):
            await self._store.taken_back.removed(turn, taken_back)
            return turn
        return replace(turn, answer=self._surfaces.translator(turn).say(Phrase.DELETE_FORGOTTEN))

    async def _remove(self, turn: Turn, standing: Standing) -> bool:
        """Whether nothing stands there any more."""
        if not standing.message_ids:
            return True
        try:
            await self._surfaces.frontend(turn).remove(standing.address, standing.message_ids)
        except PlaceClosed as error:
            log.info("answer.stays_on_screen", cause=str(error))
            return False
        return True
