"""How an answer ends that is not simply whole: broken off, failed, given up."""

from __future__ import annotations

import secrets

import structlog

from core.aivax.stream.bounds import OVERLONG
from core.delivery.buttons import buttons
from core.delivery.error_messages import apologise
from core.domain.errors import AivaxError
from core.domain.messages import Action, Apology, Button, Footer
from core.domain.ports import ReplySurface
from core.domain.turn import CancelRequest, Turn, TurnState
from core.i18n.catalog import Phrase
from core.settings import RepliesSettings
from core.storage.turns.store import TurnStore
from core.turns.draft import Draft
from core.turns.surfaces import Surfaces

log = structlog.get_logger(__name__)

BROKEN_OFF = {
    CancelRequest.STOP: (Phrase.STOPPED, TurnState.CANCELLED),
    CancelRequest.INTERRUPT: (Phrase.INTERRUPTED, TurnState.SUPERSEDED),
    CancelRequest.CHANGE: (Phrase.QUESTION_CHANGED, TurnState.SUPERSEDED),
    CancelRequest.WITHDRAW: (Phrase.QUESTION_DELETED, TurnState.CANCELLED),
}
"""What is said below an answer that is broken off, and how its turn ends."""


class Endings:
    """Shows what stands below an answer, and closes the turn of one that ends early."""

    def __init__(self, store: TurnStore, surfaces: Surfaces, replies: RepliesSettings) -> None:
        self._store = store
        self._surfaces = surfaces
        self._shows_cost = replies.footer
        self._during = [Action.STOP] if "stop" in replies.buttons else []
        self.after = tuple(Action(each) for each in replies.buttons if each != "stop")
        """The actions offered below an answer of the model."""

    def buttons_during(self, turn: Turn) -> tuple[Button, ...]:
        """The buttons below an answer that is being written."""
        return buttons(self._during, turn.key, self._surfaces.translator(turn))

    def footer(self, turn: Turn, draft: Draft) -> Footer:
        """What stands below a whole answer."""
        translator = self._surfaces.translator(turn)
        notes = list(draft.notes)
        if draft.reason in ("length", OVERLONG):
            notes.append(translator.say(Phrase.LENGTH_REACHED))
        if draft.reason == "content_filter":
            notes.append(translator.say(Phrase.CONTENT_FILTERED))
        if self._shows_cost and draft.usage is not None:
            tokens = draft.usage.prompt_tokens + draft.usage.completion_tokens
            notes.append(translator.say(Phrase.COST, model=draft.usage.model, tokens=tokens))
        after = () if draft.is_ours else self.after
        return Footer(" ".join(notes), buttons(after, turn.key, translator))

    async def close_early(self, turn: Turn, cancel_request: CancelRequest, text: str) -> None:
        """Close an answer as it stands on the screen: what is not shown yet of its text is never shown."""
        ledger = await self._surfaces.ledger(turn)
        current = [each.shown for each in ledger.earlier if each.generation == ledger.generation]
        draft = Draft()
        draft.add(text[: max(current, default=0)])

        async def close(surface: ReplySurface) -> None:
            await surface.write(draft.text)
            await self.break_off(turn, surface, draft, cancel_request, replaces=bool(ledger.earlier))

        await self._surfaces.show(turn, close)

    async def break_off(
        self,
        turn: Turn,
        surface: ReplySurface,
        draft: Draft,
        cancel_request: CancelRequest,
        *,
        replaces: bool = False,
    ) -> None:
        """Close an answer that nobody wants the rest of; what was said stays, and a sentence says why it ends.

        `replaces`: something is shown already that the sentence takes the place of, such as a promise.
        """
        phrase, state = BROKEN_OFF[cancel_request]
        translator, said = self._surfaces.translator(turn), bool(draft.text.strip())
        kept = draft.text if cancel_request in (CancelRequest.STOP, CancelRequest.INTERRUPT) else ""
        await self._store.keep_answer(turn, kept, draft.usage, whole=False)
        sentence = translator.say(phrase) if said or replaces or cancel_request is CancelRequest.STOP else ""
        again = [
            action
            for action in self.after
            if action is Action.REGENERATE and cancel_request is CancelRequest.STOP
        ]
        await surface.fail(Apology(sentence, buttons=buttons(again, turn.key, translator)))
        await self._store.close(turn, state)
        log.info("turn.broken_off", cancel_request=cancel_request, characters=len(draft.text))

    async def fail(self, turn: Turn, surface: ReplySurface, error: Exception, draft: Draft) -> None:
        """End an answer that met an error, with the error's sentence."""
        reference, kind = secrets.token_hex(4), type(error).__name__
        if isinstance(error, AivaxError):
            log.error("turn.failed", error=kind, cause=str(error), reference=reference)
        else:
            log.error("turn.failed", error=kind, reference=reference, exc_info=error)
        await self._store.keep_answer(turn, draft.text, draft.usage, whole=False)
        await self._fail(turn, surface, apologise(error, self._surfaces.translator(turn), reference), kind)

    async def give_up(self, turn: Turn, surface: ReplySurface) -> None:
        """End a turn that was begun too often."""
        reference = secrets.token_hex(4)
        log.error("turn.given_up", tries=turn.tries - 1, reference=reference)
        sentence = self._surfaces.translator(turn).say(Phrase.GAVE_UP, reference=reference)
        await self._fail(turn, surface, Apology(sentence, reference), "GaveUp")

    async def _fail(self, turn: Turn, surface: ReplySurface, message: Apology, failure: str) -> None:
        await surface.fail(message)
        await self._store.close(turn, TurnState.FAILED, failure=failure, reference=message.reference)
