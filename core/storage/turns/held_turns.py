"""Parked turns in their author's hands: kept, or dropped, within the transaction of a press."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.domain import CancelRequest, TurnState
from core.storage.db import conversations, deliveries, lock_conversations, turns

STALE = -1
"""The generation of a message that is to show something else."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A turn, as far as a press of one of its buttons needs to know."""

    id: int
    conversation_id: int
    identity_id: int
    state: TurnState
    address: str
    cancel_request: CancelRequest | None
    """What its author wanted of it before."""
    offers: str
    """The buttons that it was shown with."""
    notice: bool
    answered: bool
    """Whether the whole answer is there, though perhaps not shown yet."""


class HeldTurns:
    """What an author can do to a turn of their own that waits."""

    def __init__(self, connection: AsyncConnection, now: datetime) -> None:
        self._connection = connection
        self._now = now

    async def find(self, key: str, *, hold: bool = True) -> Asked | None:
        """The turn with this key. With `hold` it and its conversation stay as they are until the transaction ends.

        Not so a sentence of the bot's own, which stands beside all that is answered: nothing of it is changed, and
        what its buttons change is locked before its conversation is.
        """
        query = select(turns, conversations.c.owner_id).join(conversations).where(turns.c.key == key)
        row = (await self._connection.execute(query)).one_or_none()
        if hold and row is not None and row.owner_id >= 0:
            await lock_conversations(self._connection, conversations.c.id == row.conversation_id)
            held = query.with_for_update(of=turns, key_share=True)
            row = (await self._connection.execute(held)).one_or_none()
        if row is None:
            return None
        # one that was given up is on its way to tell so
        state = TurnState.FAILED if row.notice else TurnState(row.state)
        cancel_request = CancelRequest(row.cancel_request) if row.cancel_request else None
        return Asked(
            row.id,
            row.conversation_id,
            row.identity_id,
            state,
            row.address,
            cancel_request,
            row.offers,
            row.notice,
            row.answer is not None,
        )

    async def cancel_request(self, turn_id: int, cancel_request: CancelRequest) -> None:
        """Remember what its author wants: to keep it, or not to have it wait again."""
        await self._connection.execute(
            update(turns).where(turns.c.id == turn_id).values(cancel_request=cancel_request)
        )

    async def drop(self, turn_id: int) -> None:
        """End a turn that waits: it will not be answered."""
        ended = update(turns).where(turns.c.id == turn_id)
        await self._connection.execute(ended.values(state=TurnState.CANCELLED, ended_at=self._now))

    async def hand_over(self, turn_id: int, successor_id: int) -> bool:
        """Let another turn's text take the place of what told of the waiting; whether there was anything."""
        told = (deliveries.c.turn_id == turn_id) & (deliveries.c.message_id != "") & (deliveries.c.shown == 0)
        theirs = update(deliveries).where(told).values(turn_id=successor_id, generation=STALE, gone=False)
        return (await self._connection.execute(theirs)).rowcount > 0
