"""How an answer ends that is not simply whole: broken off, failed, given up, or not taken by its platform."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace

from core.aivax.stream.events import Usage
from core.conversations.capabilities import Follower
from core.delivery.buttons import buttons
from core.delivery.error_messages import apologise
from core.domain import (
    Action,
    AivaxError,
    Apology,
    Button,
    CancelRequest,
    Footer,
    MessageRefused,
    OddAnswer,
    PlatformError,
    ReplySurface,
    Turn,
    TurnState,
)
from core.i18n import Phrase, RightsPhrase
from core.i18n.settings import RepliesSettings
from core.storage.turns.store import TurnStore
from core.turns.answer import Answer
from core.turns.asking.hooked import TurnHooks
from core.turns.files.made_files import MadeFiles
from core.turns.finish_sentences import BELOW
from core.turns.removal import Removal
from core.turns.surfaces import Surfaces
from core.util.log import log

BROKEN_OFF = {
    CancelRequest.STOP: (Phrase.STOPPED, TurnState.CANCELLED),
    CancelRequest.INTERRUPT: (Phrase.INTERRUPTED, TurnState.SUPERSEDED),
    CancelRequest.CHANGE: (Phrase.QUESTION_CHANGED, TurnState.SUPERSEDED),
    CancelRequest.WITHDRAW: (Phrase.QUESTION_DELETED, TurnState.CANCELLED),
    CancelRequest.TAKE_BACK: (None, TurnState.CANCELLED),
}
"""What is said below an answer that is broken off, if anything is, and how its turn ends."""


class Endings:
    """Shows what stands below an answer, and closes the turn of one that ends early."""

    def __init__(
        self,
        store: TurnStore,
        surfaces: Surfaces,
        replies: RepliesSettings,
        followers: Sequence[Follower],
        hooks: TurnHooks,
    ) -> None:
        """`followers` are told of each whole answer."""
        self._store = store
        self._hooks = hooks
        self._followers = followers
        self._surfaces = surfaces
        self._files = MadeFiles(store.files, surfaces)
        self.removal = Removal(store, surfaces)
        self._replies = replies

    @property
    def after(self) -> tuple[Action, ...]:
        """The actions offered below an answer of the model."""
        return tuple(Action(each) for each in self._replies.buttons if each != "stop")

    def buttons_during(self, turn: Turn) -> tuple[Button, ...]:
        """The buttons below an answer that is being written."""
        during = [Action.STOP] if "stop" in self._replies.buttons else []
        return buttons(during, turn.key, self._surfaces.translator(turn))

    def footer(self, answer: Answer) -> Footer:
        """What stands below a whole answer."""
        translator, notes = answer.translator, answer.notes_below()
        if not answer.is_ours and (phrase := BELOW.get(answer.reason)) is not None:
            notes.append(translator.say(phrase))
        if self._replies.footer and answer.usage is not None:
            tokens = answer.usage.prompt_tokens + answer.usage.completion_tokens
            notes.append(translator.say(Phrase.COST, model=answer.usage.model, tokens=tokens))
        if self._replies.footer and answer.summary_tokens:
            notes.append(translator.say(RightsPhrase.SUMMARY_MADE, tokens=answer.summary_tokens))
        after = answer.offers if answer.is_ours else self.after
        return Footer(" ".join(notes), buttons(after, answer.turn.key, translator))

    async def finish(
        self, turn: Turn, surface: ReplySurface, text: str, footer: Footer, *, files: int
    ) -> None:
        """Show a whole answer to its end, its files below it."""
        await surface.finish(replace(footer, files=files))
        if files and (missing := await self._files.show(turn)):
            await self._files.name(turn, text, missing, footer)
        for follower in self._followers:
            follower(turn, text)

    async def close_early(self, turn: Turn, cancel_request: CancelRequest, text: str) -> None:
        """Close an answer as it stands on the screen: what is not shown yet of its text is never shown."""
        ledger = await self._surfaces.ledger(turn)
        shown = max(
            (each.shown for each in ledger.earlier if each.generation == ledger.generation), default=0
        )

        async def close(surface: ReplySurface) -> None:
            await surface.write(text[:shown])
            await self.break_off(turn, surface, cancel_request, text[:shown], replaces=bool(ledger.earlier))

        await self._surfaces.show(turn, close)

    async def break_off(
        self,
        turn: Turn,
        surface: ReplySurface,
        cancel_request: CancelRequest,
        text: str = "",
        usage: Usage | None = None,
        *,
        replaces: bool = False,
    ) -> None:
        """Close an answer that nobody wants the rest of; `text`, what was said, stays, and a sentence says why it ends.

        `replaces`: something is shown already that the sentence takes the place of, such as a promise.
        """
        phrase, state = BROKEN_OFF[cancel_request]
        translator, is_stop = self._surfaces.translator(turn), cancel_request is CancelRequest.STOP
        kept = text if is_stop or cancel_request is CancelRequest.INTERRUPT else ""
        await self._store.keep_answer(turn, kept, usage, whole=False)
        is_told = bool(text.strip()) or replaces or is_stop
        sentence = translator.say(phrase) if phrase is not None and is_told else ""
        again = {Action.REGENERATE}.intersection(self.after) if is_stop else ()
        await surface.fail(Apology(sentence, buttons=buttons(again, turn.key, translator)))
        await self._store.close(turn, state)
        log.info("turn.broken_off", cancel_request=cancel_request, characters=len(text))

    async def fail(self, answer: Answer, error: Exception) -> None:
        """End an answer that met an error, with the error's sentence."""
        reference, kind = secrets.token_hex(4), type(error).__name__
        if isinstance(error, AivaxError):
            log.error("turn.failed", error=kind, cause=str(error), reference=reference)
        else:
            log.error("turn.failed", error=kind, reference=reference, exc_info=error)
        remembered = answer.remembered
        await self._store.keep_answer(
            answer.turn, answer.text, answer.usage, whole=False, remembered=remembered
        )
        apology = apologise(error, answer.translator, reference)
        await self._fail(answer.turn, answer.surface, apology, kind, files=answer.files)

    async def give_up(self, turn: Turn, surface: ReplySurface) -> None:
        """End a turn that was begun too often."""
        reference = secrets.token_hex(4)
        log.error("turn.given_up", tries=turn.tries - 1, reference=reference)
        sentence = self._surfaces.translator(turn).say(Phrase.GAVE_UP, reference=reference)
        await self._fail(turn, surface, Apology(sentence, reference), "GaveUp")

    async def _fail(
        self, turn: Turn, surface: ReplySurface, message: Apology, failure: str, *, files: int = 0
    ) -> None:
        await surface.fail(await self._hooks.on_error(turn, message, failure))
        if files:  # what came before the error was paid for
            with suppress(PlatformError):
                await self._files.show(turn)
        await self._store.close(turn, TurnState.FAILED, failure=failure, reference=message.reference)

    async def not_taken(self, turn: Turn, error: MessageRefused | OddAnswer) -> None:
        """End an answer that its platform does not take, though it takes others in the same place; say so there.

        Where the platform only failed at it, that sentence is also the proof that the place is open: the answer is
        tried once more after it, so that the end of an outage is never taken for an answer's own fault.
        Raises PlatformError where nothing is taken there now: then it was no fault of the answer's.
        """
        reference, kind = secrets.token_hex(4), type(error).__name__
        bug = error if isinstance(error, OddAnswer) else None  # a refusal says all itself
        log.error("turn.not_taken", cause=str(error), reference=reference, exc_info=bug)
        try:
            message = apologise(error, self._surfaces.translator(turn), reference)
            await self._surfaces.show(turn, lambda surface: surface.fail(message))
            if error.failed and await self._show_again(turn):
                await self._store.close(turn, TurnState.ANSWERED)
                return
        except OddAnswer:
            log.warning("turn.not_told", reference=reference)
        except MessageRefused as refused:
            if refused.failed:
                raise  # it fails at everything: an outage
            log.warning("turn.not_told", reference=reference, cause=str(refused))
        await self._store.close(turn, TurnState.FAILED, failure=kind, reference=reference)

    async def _show_again(self, turn: Turn) -> bool:
        """Show the answer once more, now that the place is known to be open; false where it is refused again."""
        answer = await self._store.answer_of(turn)
        if answer is None:
            return False

        async def write(surface: ReplySurface) -> None:
            await surface.write(answer)
            offered = buttons(self.after, turn.key, self._surfaces.translator(turn))
            await surface.finish(Footer(buttons=offered))

        try:
            await self._surfaces.show(turn, write)
        except (MessageRefused, OddAnswer):
            return False
        return True
