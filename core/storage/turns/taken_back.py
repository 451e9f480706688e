"""Answers that people take away: found by a message of theirs, forgotten at once, and removed from where they show."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, delete, exists, literal_column, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.domain import ENDED, Place, Turn, TurnState
from core.storage.db import (
    Database,
    conversations,
    deliveries,
    identities,
    is_open,
    lock_conversations,
    lock_these,
    made_files,
    messages,
    outlast,
    turns,
)
from core.storage.personal_data.erasure import Eraser
from core.storage.rollups.counting import counted_anew
from core.storage.turns.edits import Changes
from core.storage.turns.fence import assert_current


@dataclass(frozen=True, slots=True)
class Answered:
    """A turn whose answer somebody wants gone."""

    id: int
    conversation_id: int
    identity_id: int
    person_id: int
    state: TurnState


@dataclass(frozen=True, slots=True)
class Standing:
    """What still stands on the platform of an answer that is to go."""

    state: TurnState
    address: str
    message_ids: tuple[str, ...]


class TakenBack:
    """Finds an answer, and forgets it, within the transaction of an event."""

    def __init__(self, connection: AsyncConnection, now: datetime) -> None:
        self._connection = connection
        self._now = now

    async def find(self, place: Place, message_ids: Sequence[str]) -> Answered | None:
        """The turn that one of these messages in a place's channel belongs to."""
        named = deliveries.c.message_id.in_(message_ids) & (deliveries.c.message_id != literal_column("''"))
        shown = select(deliveries.c.turn_id).where(named)
        return await self._first(_turns().where(turns.c.id.in_(shown), _in_channel(place)))

    async def newest(self, place: Place, identity_id: int, *, whole_channel: bool) -> Answered | None:
        """The newest answer to somebody in a place, shown or under way; in its channel where there is none there."""
        theirs = (turns.c.identity_id == identity_id) & turns.c.notice.is_(False) & _stands()
        newest = _turns().where(theirs).order_by(turns.c.id.desc()).limit(1)
        here = _in_channel(place) & (conversations.c.thread == place.thread)
        found = None if whole_channel else await self._first(newest.where(here))
        return found or await self._first(newest.where(_in_channel(place)))

    async def person_of(self, identity_id: int) -> int:
        person = select(identities.c.person_id).where(identities.c.id == identity_id)
        return int((await self._connection.execute(person)).scalar_one())

    async def hold(
        self, answered: Answered, quoting: Collection[int], place: Place, identity_id: int
    ) -> None:
        """Lock all that is changed, and where the person is told, in their order."""
        which = select(turns.c.conversation_id).where(turns.c.id.in_([answered.id, *quoting]))
        here = conversations.c["platform", "workspace", "channel", "thread", "owner_id"]
        at = (place.platform, place.workspace, place.channel, place.thread, -identity_id)
        aside = select(conversations.c.id).where(conversations.c.closed_at.is_(None))
        aside = aside.where(*(column == value for column, value in zip(here, at, strict=True)))
        await lock_conversations(self._connection, conversations.c.id.in_(which.union_all(aside)))
        await lock_these(self._connection, {answered.id, *quoting})

    async def forget(self, answered: Answered, quoting: Collection[int]) -> Sequence[int]:
        """Take all that is stored of an answer, and later answers that quote it; the conversations where one ends."""
        ended = await Changes(self._connection, self._now).take_back(answered.id)
        await Eraser(self._connection).empty_derived([answered.id, *quoting])
        said = (messages.c.turn_id == answered.id) & (messages.c.role == "assistant")
        await self._connection.execute(delete(messages).where(said))
        await self._connection.execute(delete(made_files).where(made_files.c.turn_id == answered.id))
        over = update(turns).where(turns.c.id == answered.id, turns.c.state.in_(ENDED))
        async with counted_anew(self._connection, answered.id):
            await self._connection.execute(over.values(state=TurnState.CANCELLED))
        return ended.running_in

    async def _first(self, query: Select[Any]) -> Answered | None:
        row = (await self._connection.execute(query.limit(1))).one_or_none()
        if row is None:
            return None
        return Answered(row.id, row.conversation_id, row.identity_id, row.person_id, TurnState(row.state))


class TakenBackStore:
    """What is left of taking an answer away once the event is stored: the messages on the platform."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def standing(self, turn_id: int) -> Standing | None:
        """What still stands of a turn's answer; None where the turn is gone."""
        async with self._database.read() as connection:
            query = select(turns.c.state, turns.c.address).where(turns.c.id == turn_id)
            row = (await connection.execute(query)).one_or_none()
            shown = select(deliveries.c.message_id).where(
                deliveries.c.turn_id == turn_id, deliveries.c.gone.is_(False), deliveries.c.message_id != ""
            )
            ids = (await connection.execute(shown.order_by(deliveries.c.part))).scalars().all()
        return None if row is None else Standing(TurnState(row.state), row.address, tuple(ids))

    async def removed(self, turn: Turn, turn_id: int) -> None:
        """Remember that nothing of it stands any more."""
        await outlast(lambda: self._removed(turn, turn_id))

    async def _removed(self, turn: Turn, turn_id: int) -> None:
        async with self._database.write() as connection:
            await assert_current(connection, turn)
            gone = update(deliveries).where(deliveries.c.turn_id == turn_id).values(gone=True)
            await connection.execute(gone)


def _turns() -> Select[Any]:
    return (
        select(*turns.c["id", "conversation_id", "identity_id", "state"], identities.c.person_id)
        .join(conversations, turns.c.conversation_id == conversations.c.id)
        .join(identities, turns.c.identity_id == identities.c.id)
    )


def _in_channel(place: Place) -> ColumnElement[bool]:
    of_workspace = (conversations.c.platform == place.platform) & (
        conversations.c.workspace == place.workspace
    )
    return of_workspace & (conversations.c.channel == place.channel)


def _stands() -> ColumnElement[bool]:
    """Whether something of an answer shows, or will."""
    shows = (deliveries.c.turn_id == turns.c.id) & deliveries.c.gone.is_(False)
    return or_(is_open(), exists().where(shows).correlate(turns))
