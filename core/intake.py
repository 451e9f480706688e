"""An event becomes a stored turn. Everything that answers an event is a turn, the bot's own sentences too:
so each is shown in order, survives a crash and is never said twice."""

from __future__ import annotations

from core.admission.limits import Barred, Limits
from core.conversations.directory import Directory
from core.messages import Command, Commanded, Event, Pressed, Receipt, Said
from core.ports import TurnQueue
from core.presses import press
from core.reply.phrases import Phrase, Voice
from core.reply.voices import Voices
from core.storage.intake import IntakeStore, IntakeTransaction


class StoringIntake:
    """`core.ports.Intake`: one transaction writes turn and message; then the queue is told."""

    def __init__(
        self,
        store: IntakeStore,
        directory: Directory,
        queue: TurnQueue,
        limits: Limits,
        voices: Voices,
    ) -> None:
        self._store = store
        self._directory = directory
        self._queue = queue
        self._limits = limits
        self._voices = voices

    async def receive(self, event: Event) -> Receipt:
        """Store the event, or recognise it. See `core.ports.Intake`."""
        async with self._store.transaction() as transaction:
            if not await transaction.first_seen(event.keys):
                return Receipt.DUPLICATE
            conversation_id: int | None
            match event:
                case Said() | Commanded() if barred := await self._limits.barred(transaction, event):
                    conversation_id = await self._turn_away(transaction, event, barred)
                case Said():
                    conversation_id = await self._said(transaction, event)
                case Commanded():
                    conversation_id = await self._commanded(transaction, event)
                case Pressed():
                    conversation_id = await self._pressed(transaction, event)
            if conversation_id is not None:
                await transaction.announce(conversation_id, event.place.platform)
        if conversation_id is not None:
            self._queue.notify(conversation_id)
        return Receipt.ACCEPTED

    async def _turn_away(
        self, transaction: IntakeTransaction, event: Said | Commanded, barred: Barred
    ) -> int | None:
        """Tell somebody who is kept out that they are; nothing of what they said is kept."""
        if barred.phrase is None:
            return None
        identity_id = await transaction.identity_id(event.author)
        conversation_id = await self._directory.find_or_open(transaction, event.place, identity_id)
        told = (await self._voice(transaction, event, identity_id)).say(barred.phrase)
        await transaction.add_turn(conversation_id, identity_id, event.address, notice=told)
        return conversation_id

    async def _said(self, transaction: IntakeTransaction, said: Said) -> int:
        identity_id = await transaction.identity_id(said.author)
        conversation_id = await self._directory.find_or_open(transaction, said.place, identity_id)
        voice = await self._voice(transaction, said, identity_id)
        refusal = await self._limits.refusal(transaction, said, identity_id, voice)
        turn_id = await transaction.add_turn(conversation_id, identity_id, said.address, notice=refusal)
        if refusal is None:
            await transaction.supersede_parked(conversation_id, identity_id)
            await transaction.add_message(
                conversation_id,
                turn_id,
                identity_id,
                text=said.text,
                attachments=said.attachments,
                origin=said.origin,
            )
        return conversation_id

    async def _commanded(self, transaction: IntakeTransaction, commanded: Commanded) -> int:
        identity_id = await transaction.identity_id(commanded.author)
        voice = await self._voice(transaction, commanded, identity_id)
        match commanded.command:
            case Command.RESET:
                conversation_id = await self._directory.open_anew(transaction, commanded.place, identity_id)
                done = voice.say(Phrase.RESET_DONE)
            case Command.USAGE:
                conversation_id = await self._directory.find_or_open(
                    transaction, commanded.place, identity_id
                )
                done = await self._limits.usage(transaction, identity_id, voice)
        await transaction.add_turn(conversation_id, identity_id, commanded.address, notice=done)
        return conversation_id

    async def _pressed(self, transaction: IntakeTransaction, pressed: Pressed) -> int:
        identity_id = await transaction.identity_id(pressed.author)
        asked = await transaction.parked.find(pressed.turn)
        if asked is None:
            conversation_id = await self._directory.find_or_open(transaction, pressed.place, identity_id)
        else:
            conversation_id = asked.conversation_id
        outcome = await press(transaction.parked, asked, identity_id, pressed.action)
        if outcome.phrase is None:
            return conversation_id
        told = (await self._voice(transaction, pressed, identity_id)).say(outcome.phrase)
        address = asked.address if asked is not None and outcome.dropped else pressed.address
        turn_id = await transaction.add_turn(conversation_id, identity_id, address, notice=told)
        if asked is not None and outcome.dropped:
            await transaction.parked.hand_over(asked.id, turn_id)
        return conversation_id

    async def _voice(self, transaction: IntakeTransaction, event: Event, identity_id: int) -> Voice:
        """The author's. Where the event does not tell their locale, the one that was last seen counts."""
        locale = event.author.locale or await transaction.locale_of(identity_id)
        return self._voices.for_reader(locale, event.place)
