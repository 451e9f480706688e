"""What each kind of event does in its transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from core.admission.quotas import Barred, Limits
from core.conversations.directory import Directory
from core.domain import (
    LINK,
    Action,
    Capability,
    Command,
    Commanded,
    Edited,
    Event,
    Left,
    PassedOver,
    Place,
    Pressed,
    Said,
    Translator,
    Unreadable,
)
from core.i18n import Phrase, RightsPhrase, Translators, spoken_capability
from core.ingest.button_presses import Presses
from core.ingest.commands import Commands
from core.ingest.questions import Questions
from core.ingest.refusal_signs import RefusalSigns
from core.storage.turns.intake import IntakeTransaction


class Handlers:
    """Hands an event to what carries it out, in its author's language, unless its author is kept out."""

    def __init__(
        self,
        directory: Directory,
        limits: Limits,
        translators: Translators,
        signs: RefusalSigns,
        questions: Questions,
        commands: Commands,
        presses: Presses,
    ) -> None:
        self._directory = directory
        self._limits = limits
        self.translators = translators
        self._signs = signs
        self._questions = questions
        self._commands = commands
        self._presses = presses

    @property
    def capabilities(self) -> Sequence[Capability]:
        """What is switched on."""
        return self._limits.capabilities

    async def take_in(
        self, transaction: IntakeTransaction, event: Said | Edited | Unreadable | Left | Commanded | Pressed
    ) -> Sequence[int]:
        """Write what an event means; the conversations that have work, or something to look at."""
        if isinstance(event, Edited):  # who may ask nothing may still change what was learnt of them
            await transaction.touched.changed(event)
        return await self._take_in(transaction, event)

    async def _take_in(
        self, transaction: IntakeTransaction, event: Said | Edited | Unreadable | Left | Commanded | Pressed
    ) -> Sequence[int]:
        match event:
            case Left():
                return await transaction.changes.leave(event.platform, event.workspace)
            case Said() | Commanded() | Edited() | Pressed() | Unreadable() if not _is_of_their_data(
                event
            ) and (barred := await self._limits.barred(transaction, event)):
                return await self._turn_away(transaction, event, barred)
        identity_id = await transaction.identity_id(event.author)
        translator = await self._translator(transaction, identity_id, event.place)
        if transaction.is_blocked(identity_id) and not _is_of_their_data(event):
            return await self._leave_unanswered(transaction, event, identity_id, translator)
        if _asks(event):
            await self._limits.hold(transaction, identity_id, event.place)
        if isinstance(event, Said | Edited):
            event = await self._without_codes(transaction, event, identity_id, translator)
        return await self._carry_out(transaction, event, identity_id, translator)

    async def _without_codes(
        self, transaction: IntakeTransaction, event: Said | Edited, identity_id: int, translator: Translator
    ) -> Said | Edited:
        """What was said, with no good code of linking in it for a model to read."""
        if self._presses.linking is None:
            return event
        asked = spoken_capability(self.capabilities, event.text)
        if asked is not None and asked.name == LINK:
            return event
        return await self._presses.linking.said.taken(transaction, event, identity_id, translator)

    async def _carry_out(
        self,
        transaction: IntakeTransaction,
        event: Said | Edited | Unreadable | Commanded | Pressed,
        identity_id: int,
        translator: Translator,
    ) -> Sequence[int]:
        match event:
            case Unreadable():
                notice = translator.say(Phrase.UNREADABLE)
                return await self._directory.add_notice(transaction, event, identity_id, notice)
            case Said():
                return await self._presses.consent.ask(transaction, event, identity_id, translator)
            case Edited():
                await self._presses.consent.edited(transaction, event, identity_id)
                return await self._questions.change(transaction, event, identity_id, translator)
            case Commanded(command=Command.ERASE):
                return await self._presses.deletion.ask(transaction, event, identity_id, page=False)
            case Commanded():
                return await self._commands.obey(transaction, event, identity_id, translator)
            case Pressed():
                return await self._presses.press(transaction, event, identity_id, translator)

    async def _translator(self, transaction: IntakeTransaction, identity_id: int, place: Place) -> Translator:
        return self.translators.for_reader(await transaction.locale_of(identity_id), place)

    async def stop_quietly(self, transaction: IntakeTransaction, event: Event) -> Sequence[int]:
        """Stop what one who stops without end means, and say nothing more of it."""
        if not isinstance(event, Commanded | Pressed):
            return ()
        identity_id = await transaction.identity_id(event.author)
        if isinstance(event, Pressed):
            return await self._presses.stop_quietly(transaction, event, identity_id)
        whole_channel = event.whole_channel
        return (
            await transaction.changes.stop(identity_id, event.place, whole_channel=whole_channel)
        ).running_in

    async def refusal(self, transaction: IntakeTransaction, said: Said) -> str | None:
        """Why a question would not be taken now, in a sentence; None where it would."""
        identity_id = await transaction.known_identity(said.author)
        locale = await transaction.locale_of(identity_id) if identity_id is not None else ""
        translator = self.translators.for_reader(locale or said.author.locale, said.place)
        barred = await self._limits.barred(transaction, replace(said, awaited=True))
        if barred is not None and barred.phrase is not None:
            return translator.say(barred.phrase)
        if identity_id is not None and transaction.is_blocked(identity_id):
            return blocked_sentence(translator)
        refusal = await self._limits.refusal(transaction, said, identity_id, translator)
        if refusal is None:
            return None
        await self._limits.tells(transaction, refusal, said)
        return refusal.sentence

    async def _leave_unanswered(
        self,
        transaction: IntakeTransaction,
        event: Said | Commanded | Edited | Pressed | Unreadable,
        identity_id: int,
        translator: Translator,
    ) -> Sequence[int]:
        """Tell somebody who is blocked so, once, or where their platform shows that an answer is on its way."""
        self._signs.passed.add(event.place.platform, PassedOver.NOT_ALLOWED)
        if isinstance(event, Edited):
            return ()
        awaited = isinstance(event, Said | Commanded) and event.awaited
        if not await transaction.people.first_told(event.author.identity) and not awaited:
            return ()
        return await self._directory.add_notice(transaction, event, identity_id, blocked_sentence(translator))

    async def _turn_away(
        self,
        transaction: IntakeTransaction,
        event: Said | Commanded | Edited | Pressed | Unreadable,
        barred: Barred,
    ) -> Sequence[int]:
        """Tell somebody who is kept out that they are; nothing of what they said is kept."""
        if barred.phrase is None or isinstance(event, Edited):
            self._signs.refuse(event, PassedOver.NOT_ALLOWED)
            return ()
        identity_id = await transaction.identity_id(event.author)
        translator = await self._translator(transaction, identity_id, event.place)
        notice = translator.say(barred.phrase)
        return await self._directory.add_notice(transaction, event, identity_id, notice)


def blocked_sentence(translator: Translator) -> str:
    """What somebody hears whom an operator has blocked."""
    words = {
        "word": translator.say(RightsPhrase.EXPORT_NAME),
        "forget": translator.say(Phrase.MEMORY_FORGET_WORD),
    }
    return translator.say(RightsPhrase.BLOCKED, **words)


THEIR_DATA = frozenset({Command.PRIVACY, Command.EXPORT, Command.FORGET, Command.ERASE})
"""The commands about what is stored of who gives them."""


def _asks(event: Said | Edited | Commanded | Pressed | Unreadable) -> bool:
    """Whether it may become a question, which counts against limits."""
    return isinstance(event, Said | Edited) or (
        isinstance(event, Pressed) and event.action in (Action.REGENERATE, Action.AGREE)
    )


def _is_of_their_data(event: Event) -> bool:
    """Whether somebody asks what is stored of them, or to be forgotten: no list takes that right away."""
    if isinstance(event, Pressed):
        return event.action is Action.FORGET
    return isinstance(event, Commanded) and event.command in THEIR_DATA
