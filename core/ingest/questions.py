"""A question becomes a turn: at once, with the author's others that wait, or in place of one that is under way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from core.admission.quotas import Limits, Refusal
from core.conversations.directory import Directory
from core.domain import Administers, CancelRequest, Edited, PassedOver, Pressed, Said, Translator, TurnState
from core.i18n import Phrase
from core.ingest.refusal_signs import RefusalSigns
from core.settings import ConversationSettings
from core.storage.turns.edits import WAITING, Question
from core.storage.turns.held_turns import Asked
from core.storage.turns.intake import NO_WAIT, IntakeTransaction

MOST_GATHERED = 5
"""So many times `gather_s` a question waits at most, however much is said meanwhile."""


class Questions:
    """Takes questions in, changed ones and repeated ones too."""

    def __init__(
        self,
        directory: Directory,
        limits: Limits,
        settings: ConversationSettings,
        signs: RefusalSigns,
    ) -> None:
        self._signs = signs
        self._directory = directory
        self._limits = limits
        self._when_busy = settings.when_busy
        self._gather = timedelta(seconds=settings.gather_s)

    async def ask(
        self, transaction: IntakeTransaction, said: Said, identity_id: int, translator: Translator
    ) -> Sequence[int]:
        """Store what was said, and the turn that answers it, or the sentence that says why not."""
        refusal = await self._limits.refusal(transaction, said, identity_id, translator)
        if refusal is not None:
            return await self._refuse(transaction, said, identity_id, refusal)
        here = await self._directory.find_or_open(transaction, said.place, identity_id)
        turn_id = await self._turn_for(transaction, said, here, identity_id)
        await transaction.add_message(
            here,
            turn_id,
            identity_id,
            text=said.text,
            attachments=said.attachments,
            origin=said.origin,
        )
        return (here,)

    async def _refuse(
        self, transaction: IntakeTransaction, said: Said, identity_id: int, refusal: Refusal
    ) -> Sequence[int]:
        """Say why a question is not taken, beside whatever is being answered; a sign where it was said just now."""
        if not await self._limits.tells(transaction, refusal, said):
            self._signs.refuse(said, PassedOver.OVER_BOUND)
            return ()
        return await self._directory.add_notice(transaction, said, identity_id, refusal.sentence)

    async def _turn_for(self, transaction: IntakeTransaction, said: Said, here: int, identity_id: int) -> int:
        """A turn of its own, or, as `when_busy` has it, the one that the author's words before wait in."""
        capability = self._limits.capability_of(said)
        if self._when_busy == "interrupt":
            await transaction.changes.interrupt(here, identity_id)
        gathers = bool(self._gather) and not said.awaited and not capability
        if gathers and (turn_id := await self._joined(transaction, said, here, identity_id)) is not None:
            return turn_id
        if self._when_busy != "queue" and not said.awaited and not capability:
            waiting = await transaction.changes.last_waiting(here, identity_id)
            if waiting is not None:
                await transaction.changes.readdress(waiting, said.address)
                return waiting
        return await transaction.add_turn(
            *(here, identity_id, said.address),
            awaited=said.awaited,
            capability=capability,
            administers=self._administers(said, capability),
            wait=self._gather if gathers else NO_WAIT,
        )

    async def _joined(
        self, transaction: IntakeTransaction, said: Said, here: int, identity_id: int
    ) -> int | None:
        """The turn of what its author said just before, which now waits for more; None where none does."""
        turn_id = await transaction.changes.last_waiting(here, identity_id, gathering=True)
        if turn_id is not None:
            await transaction.changes.readdress(turn_id, said.address)
            await transaction.changes.wait_longer(turn_id, self._gather, self._gather * MOST_GATHERED)
        return turn_id

    async def change(
        self, transaction: IntakeTransaction, edited: Edited, identity_id: int, translator: Translator
    ) -> Sequence[int]:
        """Change what was said. An answer to the old words that is under way ends, and another one begins."""
        question = await transaction.changes.question(identity_id, edited.place, edited.origin)
        if question is None or question.text == edited.text:
            return ()
        again = _as_said(question, edited, edited.text)
        if question.state is not TurnState.RUNNING:
            return await self._reword(transaction, question, again, identity_id, translator)
        refusal = await self._limits.refusal(transaction, again, identity_id, translator)
        notice = refusal.sentence if refusal else None
        capability = "" if refusal else self._limits.capability_of(again)
        successor = await transaction.add_turn(
            question.conversation_id,
            identity_id,
            question.address,
            notice=notice,
            capability=capability,
            administers=self._administers(again, capability),
        )
        asked = await transaction.changes.question_of(question.turn_id)
        await transaction.changes.move([each.message_id for each in asked], successor)
        await transaction.changes.reword(question.message_id, edited.text)
        await transaction.changes.cancel_request(question.turn_id, CancelRequest.CHANGE)
        return (question.conversation_id,)

    async def _reword(
        self,
        transaction: IntakeTransaction,
        question: Question,
        again: Said,
        identity_id: int,
        translator: Translator,
    ) -> Sequence[int]:
        """Change what was said and is not being answered; where it waits, it may ask for something else now."""
        changes, meant = transaction.changes, self._limits.capability_of(again)
        if question.state in WAITING and meant != self._limits.capability_of(
            replace(again, text=question.text)
        ):
            refusal = await self._limits.refusal(transaction, again, identity_id, translator)
            if refusal is not None:
                return await self._refuse(transaction, again, identity_id, refusal)
            await changes.choose_capability(question.turn_id, meant, self._administers(again, meant))
        await changes.reword(question.message_id, again.text)
        return ()

    async def regenerate(
        self, transaction: IntakeTransaction, asked: Asked, pressed: Pressed, translator: Translator
    ) -> str | None:
        """Have a question answered once more; the sentence that says why not, or None."""
        questions = await transaction.changes.question_of(asked.id)
        if asked.notice or not any(each.text or each.attachments for each in questions):
            return translator.say(Phrase.REGENERATE_GONE)
        again = _as_said(questions[-1], pressed, questions[-1].text)
        if barred := await self._limits.barred(transaction, replace(again, awaited=True)):
            return translator.say(barred.phrase or Phrase.NOT_FOR_YOU)
        refusal = await self._limits.refusal(transaction, again, asked.identity_id, translator)
        if refusal is not None:
            return refusal.sentence
        successor = await transaction.add_turn(
            asked.conversation_id,
            asked.identity_id,
            asked.address,
            capability=(capability := self._limits.capability_of(again)),
            administers=self._administers(again, capability),
        )
        for each in questions:
            await transaction.add_message(
                asked.conversation_id,
                successor,
                asked.identity_id,
                text=each.text,
                attachments=each.attachments,
                origin=each.origin,
            )
        await transaction.changes.replace(asked.id, successor)
        return None

    def _administers(self, said: Said, capability: str) -> Administers:
        """What is stored with a turn: questions for the model don't ask for it."""
        return self._limits.administers(said) if capability else Administers.NOTHING


def _as_said(question: Question, act: Edited | Pressed, text: str) -> Said:
    """The question as whoever changed or repeated it asks it."""
    return Said(
        *((), act.author, question.place, text, question.address, question.origin, question.attachments),
        within=act.within,
        administers=act.administers,
    )
