"""Takes presses in: whose button it is, what it changes, and where the sentence that answers it goes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.conversations.directory import Directory
from core.domain import ENDED, Action, Author, CancelRequest, Command, Pressed, Translator, TurnState
from core.domain.hooks import NO_HOOKS, Feedback, HookEvent, Hooks
from core.i18n import Phrase, Translators, nearest
from core.ingest.commands import OFFERS, Commands
from core.ingest.consent import Consent
from core.ingest.deletion import Deletion
from core.ingest.questions import Questions
from core.storage.batch_presses import OPEN, PressedBatch
from core.storage.turns.held_turns import Asked
from core.storage.turns.intake import IntakeTransaction
from core.util.log import log

if TYPE_CHECKING:
    from core.rights.linking import Linking  # who has it switched off does not load it

WAITING = (TurnState.HELD, TurnState.QUEUED)


@dataclass(frozen=True, slots=True)
class Rights:
    """What carries out what people decide about their own data."""

    deletion: Deletion
    consent: Consent
    linking: Linking | None = None
    """None: accounts are not linked here."""


class Presses:
    """Buttons below answers and pages. Anybody may say what they think of an answer; the rest is its author's."""

    def __init__(
        self,
        directory: Directory,
        questions: Questions,
        commands: Commands,
        translators: Translators,
        rights: Rights,
        is_operator: Callable[[Author], bool] = lambda _: False,
        hooks: Hooks = NO_HOOKS,
    ) -> None:
        self.consent = rights.consent
        self.deletion = rights.deletion
        self.linking = rights.linking
        self._is_operator = is_operator
        self._hooks = hooks
        self._directory = directory
        self._questions = questions
        self._commands = commands
        self._translators = translators

    async def press(
        self, transaction: IntakeTransaction, pressed: Pressed, identity_id: int, translator: Translator
    ) -> Sequence[int]:
        """Carry it out; the conversations that have work now, or something to look at."""
        if pressed.action is Action.STOP and not pressed.turn:
            return await self.stop_quietly(transaction, pressed, identity_id)
        if pressed.action is Action.LANGUAGE:
            return await self._choose_language(transaction, pressed, identity_id)
        if pressed.action is Action.FORM:
            return await self._point_to_forms(transaction, pressed, identity_id, translator)
        if pressed.action in BATCH_WORDS:
            return await self._about_batch(transaction, pressed, identity_id, translator)
        return await self._of_turn(transaction, pressed, identity_id, translator)

    async def _of_turn(
        self, transaction: IntakeTransaction, pressed: Pressed, identity_id: int, translator: Translator
    ) -> Sequence[int]:
        """What is about one answer, or one page of the bot's own."""
        # these lock all that is theirs, in their order
        asked = await transaction.held_turns.find(pressed.turn, hold=pressed.action not in HOLDING)
        if asked is None:
            return await self._directory.add_notice(
                transaction, pressed, identity_id, translator.say(Phrase.NOTHING_WAITS)
            )
        if pressed.action in (Action.GOOD, Action.BAD):
            return await self._note(transaction, pressed, asked, identity_id, translator)
        if asked.identity_id != identity_id:
            told = translator.say(Phrase.NOT_YOURS)
            return await self._directory.add_notice(transaction, pressed, identity_id, told)
        if pressed.action in LINKING:
            return await self._link(transaction, pressed, asked, translator)
        if pressed.action is Action.AGREE:
            return await self.consent.agree(transaction, pressed, asked.identity_id, translator)
        if pressed.action is Action.FORGET:
            page = Action.LANGUAGE in asked.offers.split(",")
            return await self.deletion.ask(transaction, pressed, asked.identity_id, page=page)
        if pressed.action is Action.REGENERATE:
            return await self._again(transaction, pressed, asked, translator)
        return await self._decide(transaction, pressed, asked, translator)

    async def stop_quietly(
        self, transaction: IntakeTransaction, pressed: Pressed, identity_id: int
    ) -> Sequence[int]:
        """Stop what the author means, without a word."""
        if not pressed.turn:
            return (
                await transaction.changes.stop(identity_id, pressed.place, whole_channel=False)
            ).running_in
        asked = await transaction.held_turns.find(pressed.turn)
        if asked is None or asked.identity_id != identity_id:
            return ()
        return (await transaction.changes.stop_turn(asked.id)).running_in

    async def _decide(
        self, transaction: IntakeTransaction, pressed: Pressed, asked: Asked, translator: Translator
    ) -> Sequence[int]:
        phrase = await DECISIONS[pressed.action](transaction, asked)
        if phrase is None:
            return (asked.conversation_id,)
        told = translator.say(phrase)
        if phrase is not Phrase.DROP_DONE:  # which takes the place of what told of the question's waiting
            return await self._directory.add_notice(transaction, pressed, asked.identity_id, told)
        turn_id = await transaction.add_turn(
            asked.conversation_id, asked.identity_id, asked.address, notice=told
        )
        await transaction.held_turns.hand_over(asked.id, turn_id)
        return (asked.conversation_id,)

    async def _again(
        self, transaction: IntakeTransaction, pressed: Pressed, asked: Asked, translator: Translator
    ) -> Sequence[int]:
        if asked.state not in ENDED and not asked.answered:
            return (asked.conversation_id,)
        refusal = await self._questions.regenerate(transaction, asked, pressed, translator)
        if refusal is None:
            return (asked.conversation_id,)
        return await self._directory.add_notice(transaction, pressed, asked.identity_id, refusal)

    async def _note(
        self,
        transaction: IntakeTransaction,
        pressed: Pressed,
        asked: Asked,
        identity_id: int,
        translator: Translator,
    ) -> Sequence[int]:
        good = pressed.action is Action.GOOD
        await transaction.feedback.keep(asked.id, identity_id, good=good, comment=pressed.text)
        log.info("feedback.received", turn=asked.id, good=good, commented=bool(pressed.text))
        if self._hooks.has(HookEvent.ON_FEEDBACK):
            question, answer = await transaction.feedback.words_of(asked.id)
            self._hooks.on_feedback(Feedback(pressed.place, good, pressed.text, question, answer))
        if pressed.asked_for_more:
            return ()
        return await self._directory.add_notice(
            transaction, pressed, identity_id, translator.say(Phrase.FEEDBACK_DONE)
        )

    async def _point_to_forms(
        self, transaction: IntakeTransaction, pressed: Pressed, identity_id: int, translator: Translator
    ) -> Sequence[int]:
        """Say how forms are filled in, where no window of the platform's opens for it."""
        if pressed.asked_for_more:
            return ()
        told = translator.say(Phrase.FORM_BY_WORDS)
        return await self._directory.add_notice(transaction, pressed, identity_id, told)

    async def _about_batch(
        self, transaction: IntakeTransaction, pressed: Pressed, identity_id: int, translator: Translator
    ) -> Sequence[int]:
        """Ask for what a button below a batch's sentence says, for who began it or runs the bot."""
        told_of = await transaction.held_turns.find(pressed.turn, hold=False)
        batch = await transaction.batches.of_turn(told_of.id) if told_of is not None else None
        # locked before the batch, as whoever tells of the batch does
        await self._directory.find_for_notices(transaction, pressed.place, identity_id)
        phrase = Phrase.BATCH_GONE
        if batch is not None:
            is_theirs = batch.identity_id == identity_id or self._is_operator(pressed.author)
            phrase = await ask_of_batch(transaction, pressed.action, batch) if is_theirs else Phrase.NOT_YOURS
        return await self._directory.add_notice(transaction, pressed, identity_id, translator.say(phrase))

    async def _link(
        self, transaction: IntakeTransaction, pressed: Pressed, asked: Asked, translator: Translator
    ) -> Sequence[int]:
        """What somebody answers who was asked whether an account is theirs, or takes back."""
        if self.linking is None:
            told = translator.say(Phrase.CAPABILITY_OFF)
            return await self._directory.add_notice(transaction, pressed, asked.identity_id, told)
        who = (asked.identity_id, pressed.author.identity)
        said = await self.linking.press(transaction, pressed.action, asked.id, who, translator)
        return await self._directory.add_notice(
            transaction, pressed, asked.identity_id, said.text, said.offers
        )

    async def _choose_language(
        self, transaction: IntakeTransaction, pressed: Pressed, identity_id: int
    ) -> Sequence[int]:
        """Keep the language that a person chose, and show their page anew in it."""
        known = nearest(pressed.text)
        await transaction.choose_locale(identity_id, known.form if known else "")
        translator = self._translators.for_reader(await transaction.locale_of(identity_id), pressed.place)
        page = await self._commands.home(
            transaction, identity_id, translator, first=translator.say(Phrase.LANGUAGE_DONE)
        )
        return await self._directory.add_notice(transaction, pressed, identity_id, page, OFFERS[Command.HOME])


async def ask_of_batch(transaction: IntakeTransaction, action: Action, batch: PressedBatch) -> Phrase:
    """Have a batch ended, or what failed in it tried once more; what is said of it."""
    if action is Action.CANCEL_BATCH:
        done = await transaction.batches.want(batch.id, BATCH_WORDS[action], OPEN)
        return Phrase.BATCH_CANCEL_SOON if done else Phrase.BATCH_ENDED
    done = batch.has_failed and await transaction.batches.want(batch.id, BATCH_WORDS[action], ("done",))
    return Phrase.BATCH_RETRY_SOON if done else Phrase.BATCH_RETRY_NOTHING


async def keep(transaction: IntakeTransaction, asked: Asked) -> Phrase | None:
    """Say once that a waiting question is still wanted, and will be answered."""
    if asked.state not in (*WAITING, TurnState.RUNNING):
        return Phrase.NOTHING_WAITS
    if asked.cancel_request is CancelRequest.KEEP:
        return None
    await transaction.held_turns.cancel_request(asked.id, CancelRequest.KEEP)
    return Phrase.KEEP_DONE


async def drop(transaction: IntakeTransaction, asked: Asked) -> Phrase | None:
    """End a waiting question; one that is being tried does not wait again."""
    if asked.state in WAITING:
        await transaction.held_turns.drop(asked.id)
        return Phrase.DROP_DONE
    if asked.state is not TurnState.RUNNING:
        return None if asked.state is TurnState.CANCELLED else Phrase.NOTHING_WAITS
    if asked.cancel_request is CancelRequest.DROP:
        return None
    await transaction.held_turns.cancel_request(asked.id, CancelRequest.DROP)
    return Phrase.BEING_ANSWERED


async def stop(transaction: IntakeTransaction, asked: Asked) -> Phrase | None:
    """Break an answer off; that it is shows below it."""
    stopped = await transaction.changes.stop_turn(asked.id)
    if stopped.running_in:
        return None
    return Phrase.STOP_DONE if stopped.turns else Phrase.STOP_NOTHING


LINKING = (Action.LINK, Action.NOT_ME, Action.UNLINK)
HOLDING = (Action.FORGET, *LINKING)
"""The actions that lock conversations themselves."""
BATCH_WORDS = {Action.CANCEL_BATCH: "cancel", Action.RETRY_BATCH: "retry"}
"""What a batch is asked for, as it is stored."""
DECISIONS = {Action.KEEP: keep, Action.DROP: drop, Action.STOP: stop}
"""What only who asked may decide, and how; each returns what is said, None where it was said before or shows itself."""
