"""Which conversation a message belongs to."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from core.domain import Action, Commanded, Place, Pressed, Said, Unreadable
from core.settings import ConversationSettings
from core.storage.turns.intake import IntakeTransaction

SHARED = 0
"""The owner of a conversation that all who write in its place share."""


class Directory:
    """Finds the open conversation of a person in a place, or opens one."""

    def __init__(self, settings: ConversationSettings) -> None:
        self._scope = settings.scope
        self._idle_reset = timedelta(hours=settings.idle_reset_hours) if settings.idle_reset_hours else None

    async def find_or_open(self, transaction: IntakeTransaction, place: Place, identity_id: int) -> int:
        """The conversation that a message said now continues; silence of `idle_reset_hours` begins a new one."""
        idle_since = transaction.now - self._idle_reset if self._idle_reset else None
        if idle_since and place.private and transaction.talks_as_one(identity_id):
            idle_since = None if await transaction.spoke_elsewhere(identity_id, idle_since) else idle_since
        return await transaction.find_or_open(place, self._owner(place, identity_id), idle_since=idle_since)

    async def open_anew(
        self, transaction: IntakeTransaction, place: Place, identity_id: int, *, whole_channel: bool
    ) -> int:
        """End the open conversation, which stays stored, and begin another. `whole_channel`: the threads' too."""
        owner = self._owner(place, identity_id)
        if whole_channel:
            await transaction.close_all(place, identity_id)
        if place.private and transaction.talks_as_one(identity_id):
            await transaction.close_elsewhere(place, identity_id)
        await transaction.close(place, owner)
        return await transaction.find_or_open(place, owner)

    async def find_for_notices(self, transaction: IntakeTransaction, place: Place, identity_id: int) -> int:
        """Where the bot's own sentences to a person stand that are not to wait behind an answer."""
        return await transaction.find_or_open(place, -identity_id)

    async def add_notice(
        self,
        transaction: IntakeTransaction,
        event: Said | Commanded | Pressed | Unreadable,
        identity_id: int,
        notice: str,
        offers: Sequence[Action] = (),
    ) -> tuple[int]:
        """Queue a sentence of the bot's own as the reply to an event; the conversation that has work now."""
        here = await self.find_for_notices(transaction, event.place, identity_id)
        await transaction.add_turn(here, identity_id, event.address, notice=notice, offers=offers)
        return (here,)

    def _owner(self, place: Place, identity_id: int) -> int:
        return SHARED if self._scope == "thread" and not place.private else identity_id
