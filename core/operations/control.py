"""What an operator does to a running bot, or to the database that none has open: one way for both."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from core.domain import Place, Scope
from core.domain.audit import Actor
from core.i18n import Phrase, Translators
from core.storage.operations.pauses import SENTENCE_CHARS, Pause, PauseStore
from core.storage.operations.place_settings import StoredSetting
from core.storage.operations.turn_changes import Changed, Outcome, TurnChanges
from core.util.log import log
from core.util.text import shorten


class Clearing(Protocol):
    """Takes away what admins set for their places."""

    async def clear(self, scope: Scope, by: Actor, name: str = "") -> Sequence[StoredSetting]: ...


class Control:
    """Pauses and resumes answers, tries turns again and drops them, takes settings of places away."""

    def __init__(
        self,
        pauses: PauseStore,
        changes: TurnChanges,
        translators: Translators,
        notify: Callable[[int], object] = lambda _: None,
        sweep_soon: Callable[[], object] = lambda: None,
        places: Clearing | None = None,
    ) -> None:
        """`notify` is told of the conversation that has work, `sweep_soon` that many may have some.

        `places` takes settings of places away; None where there are none.
        """
        self._pauses = pauses
        self._changes = changes
        self._translators = translators
        self._notify = notify
        self._sweep_soon = sweep_soon
        self._places = places

    async def paused(self) -> Pause | None:
        """The pause that goes on."""
        return await self._pauses.current()

    async def pause(self, by: Actor, sentence: str = "") -> bool:
        """Hold all answers, and tell people this sentence, or the catalogue's; whether they were not held before."""
        is_new = await self._pauses.pause(shorten(sentence.strip(), SENTENCE_CHARS), by)
        log.warning("answers.paused", by=str(by))
        self._sweep_soon()
        return is_new

    async def resume(self, by: Actor) -> bool:
        """Let answers go on; whether they were held."""
        was_paused = await self._pauses.resume(by)
        if was_paused:
            log.warning("answers.resumed", by=str(by))
            self._sweep_soon()
        return was_paused

    async def retry(self, turn_id: int, by: Actor) -> Outcome:
        """Have a failed, held or delayed turn tried again."""
        changed = await self._changes.retry(turn_id, by)
        return self._told("turn.retried", turn_id, changed, by)

    async def drop(self, turn_id: int, by: Actor) -> Outcome:
        """End a turn that waits, and tell its author so."""
        changed = await self._changes.drop(turn_id, self._dropped, by)
        return self._told("turn.dropped", turn_id, changed, by)

    async def clear_place(self, scope: Scope, name: str, by: Actor) -> int:
        """Take away what admins set for a place, or one setting of it; of a server, in its channels, too. How many."""
        gone = await self._places.clear(scope, by, name) if self._places is not None else ()
        for each in gone:
            told = {"place": str(each.scope), "setting": each.name, "before": each.value, "after": ""}
            log.info("place_settings.changed", by=str(by), **told)
        return len(gone)

    def _dropped(self, locale: str, place: Place) -> str:
        return self._translators.for_reader(locale, place).say(Phrase.TURN_DROPPED)

    def _told(self, event: str, turn_id: int, changed: Changed, by: Actor) -> Outcome:
        if changed.conversation_id is not None:
            log.info(event, turn=turn_id, by=str(by))
            self._notify(changed.conversation_id)
        return changed.outcome
