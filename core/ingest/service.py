"""An event becomes a stored turn. Everything that answers an event is a turn, the bot's own sentences too:
so each is shown in order, survives a crash and is never said twice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

import structlog

from core.admission.action_limit import Actions, is_stop
from core.admission.passed_over import PassedCounts
from core.admission.quotas import Barred, Limits
from core.conversations.directory import Directory
from core.domain.errors import StorageError
from core.domain.messages import (
    Action,
    Author,
    Command,
    Commanded,
    Deleted,
    Edited,
    Event,
    Left,
    PassedOver,
    Place,
    Pressed,
    Receipt,
    Said,
)
from core.domain.ports import TurnQueue
from core.domain.translator import Translator
from core.i18n.translators import Translators
from core.ingest.button_presses import Presses
from core.ingest.commands import Commands
from core.ingest.deletion import Forgetting
from core.ingest.model_choice import Models
from core.ingest.questions import Questions
from core.settings import ConversationSettings
from core.storage.personal_data.quotes import Quotes
from core.storage.personal_data.sqlite_scrub import Scrubber
from core.storage.turns.intake import IntakeStore, IntakeTransaction

log = structlog.get_logger(__name__)


class StoringIntake:
    """`core.domain.ports.Intake`: one transaction writes turn and message; then the queue is told."""

    def __init__(
        self,
        store: IntakeStore,
        directory: Directory,
        queue: TurnQueue,
        limits: Limits,
        translators: Translators,
        models: Models,
        *,
        conversation: ConversationSettings,
        retention_days: float,
        passed: PassedCounts | None = None,
        scrubber: Scrubber | None = None,
    ) -> None:
        self._store = store
        self._quotes = Quotes(store.database)
        self._scrubber = scrubber or Scrubber(store.database)
        self._passed = passed or PassedCounts()
        self._directory = directory
        self._queue = queue
        self._limits = limits
        self._translators = translators
        self._actions = Actions(limits.actions_a_minute)
        self._questions = Questions(directory, limits, conversation, self._passed)
        self._commands = Commands(directory, limits, models, retention_days=retention_days)
        self._models = models
        self.forgetting = Forgetting(
            store, directory, self._commands, translators, queue.notify, self._scrubber
        )
        self._presses = Presses(directory, self._questions, self._commands, translators, self.forgetting)

    async def receive(self, event: Event) -> Receipt:
        """Store the event, or recognise it. See `core.domain.ports.Intake`."""
        if isinstance(event, Deleted):
            return await self._redact(event)
        over = self._actions.are_over(event)
        if over:
            self.passed_over(_platform_of(event), PassedOver.OVER_BOUND)
            if not is_stop(event):
                return Receipt.ACCEPTED
        async with self._store.transaction() as transaction:
            if not isinstance(event, Left):
                await transaction.hold_author(event.author.identity)
            if not await transaction.first_seen(event.keys):
                self.passed_over(_platform_of(event), PassedOver.DUPLICATE)
                return Receipt.DUPLICATE
            taken = self._stop_quietly if over else self._take_in
            with_work = dict.fromkeys(await taken(transaction, event))
            for conversation_id in with_work:
                await transaction.announce(conversation_id, _platform_of(event))
        for conversation_id in with_work:
            self._queue.notify(conversation_id)
        if isinstance(event, Pressed) and event.action is Action.FORGET:
            await self.forgetting.begin()
        return Receipt.ACCEPTED

    async def _redact(self, deleted: Deleted) -> Receipt:
        """Empty what was deleted. Twice is once; most is what nobody asked, and would fill the table of seen events."""
        quoting = await self._quotes.of(deleted)
        async with self._store.transaction() as transaction:
            redacted = await transaction.changes.redact(deleted, quoting)
            for conversation_id in redacted.running_in:
                await transaction.announce(conversation_id, deleted.platform)
        for conversation_id in redacted.running_in:
            self._queue.notify(conversation_id)
        if redacted.messages:
            await self._scrub()
        return Receipt.ACCEPTED

    async def _scrub(self) -> None:
        try:
            await self._scrubber.scrub()
        except StorageError as error:  # the deletion itself is stored
            log.warning("database.not_scrubbed", cause=str(error))

    async def refusal(self, said: Said) -> str | None:
        """See `core.domain.ports.Intake`."""
        async with self._store.transaction() as transaction:
            identity_id = await transaction.known_identity(said.author)
            locale = await transaction.locale_of(identity_id) if identity_id is not None else ""
            translator = self._translators.for_reader(locale or said.author.locale, said.place)
            barred = await self._limits.barred(transaction, replace(said, awaited=True))
            if barred is not None and barred.phrase is not None:
                return translator.say(barred.phrase)
            refusal = await self._limits.refusal(transaction, said, identity_id, translator)
            if refusal is None:
                return None
            await self._limits.tells(transaction, refusal, said)
            return refusal.sentence

    def passed_over(self, platform: str, reason: PassedOver) -> None:
        """See `core.domain.ports.Intake`."""
        self._passed.add(platform, reason)

    def translator(self, locale: str, place: Place) -> Translator:
        """See `core.domain.ports.Intake`."""
        return self._translators.for_reader(locale, place)

    async def models(self, author: Author, place: Place) -> Sequence[str]:
        """See `core.domain.ports.Intake`."""
        return await self._models.choices(author, place)

    async def heard_until(self, platform: str) -> Mapping[str, datetime]:
        """See `core.domain.ports.Intake`."""
        return await self._store.heard_until(platform)

    async def places(self, platform: str, since: datetime) -> Sequence[Place]:
        """See `core.domain.ports.Intake`."""
        return await self._store.places(platform, since)

    async def _take_in(
        self, transaction: IntakeTransaction, event: Said | Edited | Left | Commanded | Pressed
    ) -> Sequence[int]:
        """Write what an event means; the conversations that have work, or something to look at."""
        match event:
            case Left():
                return await transaction.changes.leave(event.platform, event.workspace)
            case Said() | Commanded() | Edited() | Pressed() if not _is_of_their_data(event) and (
                barred := await self._limits.barred(transaction, event)
            ):
                return await self._turn_away(transaction, event, barred)
        identity_id = await transaction.identity_id(event.author)
        translator = self._translators.for_reader(await transaction.locale_of(identity_id), event.place)
        if _asks(event):
            await self._limits.hold(transaction, identity_id, event.place)
        match event:
            case Said():
                return await self._questions.ask(transaction, event, identity_id, translator)
            case Edited():
                return await self._questions.change(transaction, event, identity_id, translator)
            case Commanded():
                return await self._commands.obey(transaction, event, identity_id, translator)
            case Pressed():
                return await self._presses.press(transaction, event, identity_id, translator)

    async def _stop_quietly(self, transaction: IntakeTransaction, event: Event) -> Sequence[int]:
        """Stop what one who stops without end means, and say nothing more of it."""
        match event:
            case Commanded():
                identity_id = await transaction.identity_id(event.author)
                stopped = await transaction.changes.stop(
                    identity_id, event.place, whole_channel=event.whole_channel
                )
                return stopped.running_in
            case Pressed():
                identity_id = await transaction.identity_id(event.author)
                return await self._presses.stop_quietly(transaction, event, identity_id)
            case _:
                return ()

    async def _turn_away(
        self, transaction: IntakeTransaction, event: Said | Commanded | Edited | Pressed, barred: Barred
    ) -> Sequence[int]:
        """Tell somebody who is kept out that they are; nothing of what they said is kept."""
        if barred.phrase is None or isinstance(event, Edited):
            self.passed_over(event.place.platform, PassedOver.NOT_ALLOWED)
            return ()
        identity_id = await transaction.identity_id(event.author)
        translator = self._translators.for_reader(await transaction.locale_of(identity_id), event.place)
        conversation_id = await self._directory.find_aside(transaction, event.place, identity_id)
        await transaction.add_turn(
            conversation_id, identity_id, event.address, notice=translator.say(barred.phrase)
        )
        return (conversation_id,)


def _platform_of(event: Event) -> str:
    return event.platform if isinstance(event, Deleted | Left) else event.place.platform


def _asks(event: Said | Edited | Commanded | Pressed) -> bool:
    """Whether it may become a question, which counts against limits."""
    return isinstance(event, Said | Edited) or (
        isinstance(event, Pressed) and event.action is Action.REGENERATE
    )


def _is_of_their_data(event: Event) -> bool:
    """Whether somebody asks what is stored of them, or to be forgotten: no list takes that right away."""
    if isinstance(event, Pressed):
        return event.action is Action.FORGET
    return isinstance(event, Commanded) and event.command is Command.PRIVACY
