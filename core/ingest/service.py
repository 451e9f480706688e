"""An event becomes a stored turn. Everything that answers an event is a turn, the bot's own sentences too:
so each is shown in order, survives a crash and is never said twice."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from datetime import datetime
from typing import TYPE_CHECKING, Any
from weakref import WeakValueDictionary

from core.admission.action_limit import Actions, is_stop
from core.admission.passed_over import PassedCounts
from core.admission.quotas import Limits
from core.conversations.directory import Directory
from core.domain import (
    Action,
    Author,
    Authorless,
    Capability,
    Command,
    Commanded,
    Deleted,
    Edited,
    Event,
    Frontend,
    Identity,
    Left,
    PassedOver,
    Place,
    Pressed,
    Receipt,
    Rewritten,
    Said,
    Translator,
    TurnQueue,
    Unreadable,
)
from core.domain.hooks import NO_HOOKS, Hooks
from core.domain.metrics import EVENTS
from core.i18n import Phrase, Translators
from core.ingest.button_presses import Presses, Rights
from core.ingest.commands import Commands
from core.ingest.consent import Consent
from core.ingest.deletion import Deletion
from core.ingest.gathering import PatientQueue
from core.ingest.handlers import Handlers
from core.ingest.model_choice import Models
from core.ingest.questions import Questions
from core.ingest.refusal_signs import RefusalSigns
from core.ingest.take_backs import TakeBacks
from core.rights.privacy import PrivacyPage
from core.rights.settings import PrivacySettings
from core.settings import ConversationSettings
from core.storage.learnt.follow_ups import is_learnt
from core.storage.personal_data.sqlite_scrub import Scrubber
from core.storage.platforms.missed import Missed
from core.storage.turns.intake import IntakeStore, IntakeTransaction

if TYPE_CHECKING:
    from core.rights.linking import Linking  # who has it switched off does not load it

Stored = Said | Edited | Unreadable | Left | Commanded | Pressed
Handle = Callable[[IntakeTransaction, Any], Awaitable[Sequence[int]]]
"""What an event does in its transaction; the conversations that have work then."""


class StoringIntake:
    """`core.domain.ports.Intake`: one transaction writes turn and message; then the worker pool is told."""

    def __init__(
        self,
        store: IntakeStore,
        pool: TurnQueue,
        handlers: Handlers,
        actions: Actions,
        models: Models,
        signs: RefusalSigns,
        deletion: Deletion,
    ) -> None:
        self._store = store
        self._missed = Missed(store.database)
        self._pool = pool
        self._handlers = handlers
        self._actions = actions
        self._models = models
        self.passed = signs.passed
        """Counts of what was taken no notice of, for the log."""
        self._signs = signs
        self.deletion = deletion
        self._authors: WeakValueDictionary[Identity, asyncio.Lock] = WeakValueDictionary()

    async def tell(self) -> None:
        """Show what is refused without a word: in the log by numbers, on questions by a sign. Until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self.passed.run())
            group.create_task(self._signs.run())

    async def receive(self, event: Event) -> Receipt:
        """Store the event, or recognise it. See `core.domain.ports.Intake`."""
        receipt = await self._receive(event)
        self._store.database.meter.count(
            EVENTS, platform=_platform_of(event), event=type(event).__name__.lower(), receipt=receipt.value
        )
        return receipt

    async def _receive(self, event: Event) -> Receipt:
        if isinstance(event, Deleted):
            return await self.deletion.redact(event)
        if isinstance(event, Rewritten):
            return await self._learn_anew(event)
        over = self._actions.are_over(event)
        if over:
            self.passed_over(_platform_of(event), PassedOver.OVER_BOUND)
            if not is_stop(event):
                return Receipt.ACCEPTED
        if isinstance(event, Commanded) and event.command is Command.DELETE and not over:
            return await self._take_back(event)
        handle = self._handlers.stop_quietly if over else self._handlers.take_in
        receipt = await self._store_with(event, handle)
        if _erases(event) and receipt is Receipt.ACCEPTED:
            await self.deletion.begin()
        return receipt

    async def _learn_anew(self, rewritten: Rewritten) -> Receipt:
        """Have what was learnt of a message learnt anew; of most nothing was, so that nothing is written."""
        if not await is_learnt(self._store.database, rewritten):
            return Receipt.ACCEPTED
        async with self._store.transaction() as transaction:
            if not await transaction.first_seen(rewritten.keys):
                return Receipt.DUPLICATE
            await transaction.touched.changed(rewritten)
        return Receipt.ACCEPTED

    async def _take_back(self, commanded: Commanded) -> Receipt:
        quoting = await self.deletion.take_backs.quoting(commanded)

        async def take(transaction: IntakeTransaction, _: Stored) -> Sequence[int]:
            return await self.deletion.take_backs.take(transaction, commanded, quoting)

        receipt = await self._store_with(commanded, take)
        if quoting.of and receipt is Receipt.ACCEPTED:
            await self.deletion.scrub()
        return receipt

    async def _store_with(self, event: Stored, handle: Handle) -> Receipt:
        async with self._in_order(event), self._store.transaction() as transaction:
            if not isinstance(event, Left):
                await transaction.lock_author(event.author.identity)
            if not await transaction.first_seen(event.keys):
                self.passed_over(_platform_of(event), PassedOver.DUPLICATE)
                return Receipt.DUPLICATE
            with_work = dict.fromkeys(await handle(transaction, event))
            for conversation_id in with_work:
                is_kept = self._pool.keep(conversation_id, _platform_of(event))
                await transaction.announce(conversation_id, _platform_of(event), is_kept=is_kept)
        for conversation_id in (*with_work, *transaction.work_elsewhere):
            self._pool.notify(conversation_id)
        return Receipt.ACCEPTED

    def _in_order(self, event: Stored) -> AbstractAsyncContextManager[object]:
        """Let each author's events be stored in the order they came in: whose connection is open first may differ."""
        if isinstance(event, Left):
            return nullcontext()
        return self._authors.setdefault(event.author.identity, asyncio.Lock())

    async def refusal(self, said: Said) -> str | None:
        """See `core.domain.ports.Intake`."""
        async with self._store.transaction() as transaction:
            return await self._handlers.refusal(transaction, said)

    def passed_over(self, platform: str, reason: PassedOver) -> None:
        """See `core.domain.ports.Intake`."""
        self.passed.add(platform, reason)

    def translator(self, locale: str, place: Place) -> Translator:
        """See `core.domain.ports.Intake`."""
        return self._handlers.translators.for_reader(locale, place)

    def capabilities(self) -> Sequence[Capability]:
        """See `core.domain.ports.Intake`."""
        return self._handlers.capabilities

    async def models(self, author: Author, place: Place) -> Sequence[str]:
        """See `core.domain.ports.Intake`."""
        return await self._models.choices(author, place)

    async def heard_until(self, platform: str) -> Mapping[str, datetime]:
        """See `core.domain.ports.Intake`."""
        return await self._missed.heard_until(platform)

    async def places(self, platform: str, since: datetime) -> Sequence[Place]:
        """See `core.domain.ports.Intake`."""
        return await self._missed.places(platform, since)

    async def look_back(self, platform: str, since: Mapping[str, datetime]) -> Mapping[str, datetime]:
        """See `core.domain.ports.Intake`."""
        return await self._missed.look_back(platform, since)

    async def looked_back(self, platform: str, workspace: str, since: datetime) -> None:
        """See `core.domain.ports.Intake`."""
        await self._missed.looked_back(platform, workspace, since)

    async def answers(self, place: Place, message_ids: Collection[str]) -> Collection[str]:
        """See `core.domain.ports.Intake`."""
        return await self._missed.answers(place, message_ids)


def _erases(event: Event) -> bool:
    """Whether somebody has all that is stored of them deleted."""
    if isinstance(event, Commanded):
        return event.command is Command.ERASE
    return isinstance(event, Pressed) and event.action is Action.FORGET


def _platform_of(event: Event) -> str:
    return event.platform if isinstance(event, Authorless) else event.place.platform


def build_intake(
    store: IntakeStore,
    pool: TurnQueue,
    limits: Limits,
    translators: Translators,
    models: Models,
    *,
    conversation: ConversationSettings,
    privacy: PrivacyPage | None = None,
    rights: PrivacySettings | None = None,
    scrubber: Scrubber | None = None,
    frontends: Mapping[str, Frontend] | None = None,
    why_not_remotely: Phrase | None = Phrase.FORGET_OTHER_SERVER,
    hooks: Hooks = NO_HOOKS,
    linking: Linking | None = None,
) -> StoringIntake:
    """Wire the intake over a store: `pool` is told which conversations have work, `frontends` what is refused.

    `why_not_remotely` as in `Commands`.
    """
    directory = Directory(conversation)
    signs = RefusalSigns(frontends or {}, limits.signs_a_minute, PassedCounts(meter=store.database.meter))
    questions = Questions(directory, limits, conversation, signs)
    commands = Commands(
        directory,
        limits,
        models,
        privacy or PrivacyPage(),
        export_every_h=(rights or PrivacySettings()).export_every_h,
        why_not_remotely=why_not_remotely,
    )
    scrubber = scrubber or Scrubber(store.database)
    take_backs = TakeBacks(store, directory, translators, models.may_choose)
    deletion = Deletion(store, directory, commands, translators, pool.notify, scrubber, take_backs)
    rights = rights or PrivacySettings()
    consent = Consent(rights.consent, directory, questions, signs, most=lambda: limits.questions_of_person)
    about_data = Rights(deletion, consent, linking)
    presses = Presses(directory, questions, commands, translators, about_data, limits.is_operator, hooks)
    handlers = Handlers(directory, limits, translators, signs, questions, commands, presses)
    actions = Actions(limits.actions_a_minute)
    if conversation.gather_s:
        pool = PatientQueue(pool, conversation.gather_s)
    return StoringIntake(store, pool, handlers, actions, models, signs, deletion)
