"""Has a summary made, within a transaction: by a turn of its own, in a conversation beside the one that it is of."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, insert, literal, select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.domain import SUMMARISE, Place
from core.storage.db import (
    conversations,
    insert_once,
    is_open,
    lock_conversations,
    summaries,
    turns,
)
from core.storage.spending import identities_of

DAY = timedelta(days=1)
_PLACE = ("platform", "workspace", "channel", "thread", "private")


@dataclass(frozen=True, slots=True)
class Asker:
    """Whose answer it was after which a summary is due: it is made for them, and counted as theirs."""

    identity_id: int
    place: Place


@dataclass(frozen=True, slots=True)
class Bounds:
    """How many summaries are made."""

    person_daily: int
    """For one person, in 24 hours."""
    at_once: int
    """For all of them, waiting and under way."""


class SummaryRequests:
    """Asks for summaries."""

    def __init__(self, connection: AsyncConnection, now: datetime) -> None:
        self._connection = connection
        self._now = now

    async def asker(self, turn_id: int) -> Asker:
        """Who asked in a turn, and where."""
        found = select(turns.c.identity_id, *conversations.c[_PLACE]).join(conversations)
        row = (await self._connection.execute(found.where(turns.c.id == turn_id))).one()
        return Asker(row.identity_id, Place(*row[1:]))

    async def open(self, conversation_id: int) -> int:
        """Have a row for a conversation; the conversation beside it, where the turns that make it stand."""
        return await open_row(self._connection, conversation_id, self._now)

    async def has_room(self, beside_id: int, asker: Asker, bounds: Bounds, but_turn: int) -> bool:
        """Whether none is being made of the conversation, and one more may be; `but_turn` is about to end."""
        makes = turns.c.capability == SUMMARISE
        here = turns.c.conversation_id == beside_id
        queries = (
            (is_open() & makes & here & (turns.c.id != but_turn), 1),
            (is_open() & makes & (turns.c.id != but_turn), bounds.at_once),
            (self._of_person(asker) & makes, bounds.person_daily),
        )
        for which, most in queries:
            found = select(turns.c.id).where(which).limit(most).subquery()
            if (await self._connection.scalar(select(func.count()).select_from(found))) == most:
                return False
        return True

    def _of_person(self, asker: Asker) -> Any:
        theirs = turns.c.identity_id.in_(identities_of(asker.identity_id))
        return theirs & (turns.c.created_at > self._now - DAY)


async def open_row(connection: AsyncConnection, conversation_id: int, now: datetime) -> int:
    """Have a row for the summary of a conversation, and a conversation beside it; the latter's id."""
    await lock_conversations(connection, conversations.c.id == conversation_id)
    known = select(summaries.c.beside_id).where(summaries.c.conversation_id == conversation_id)
    if (found := (await connection.execute(known)).scalar_one_or_none()) is not None:
        return int(found)
    own = conversations.c
    owner = select(own.owner_id).where(own.id == conversation_id)
    owner_id = int((await connection.execute(owner)).scalar_one())
    # closed from the start: nothing that is said ever goes there
    copied = select(*own[_PLACE], literal(-abs(owner_id)), *map(literal, (now, now, now)))
    names = [*_PLACE, "owner_id", "opened_at", "active_at", "closed_at"]
    beside = insert(conversations).from_select(names, copied.where(own.id == conversation_id))
    beside_id = int((await connection.execute(beside.returning(own.id))).scalar_one())
    row: dict[str, Any] = dict.fromkeys(("from_turn", "up_to_turn", "through_turn", "version", "failures"), 0)
    row |= {"conversation_id": conversation_id, "beside_id": beside_id, "text": "", "kept": True}
    row["identity_id"] = owner_id if owner_id > 0 else None
    await connection.execute(insert_once(connection, summaries), row)
    return beside_id
