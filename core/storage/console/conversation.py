"""One conversation as it was read: its questions and answers in their order, a page at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Select, Text, cast, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.domain import CancelRequest, TurnState
from core.storage.db import Database, conversations, identities, made_files, messages, turns

TURNS = 20
"""Of a page."""
MOST_MESSAGES = 500
"""Of a page: one question may be many messages that were merged."""


@dataclass(frozen=True, slots=True)
class ConversationHead:
    """What is known of a conversation beside what was said."""

    id: int
    platform: str
    workspace: str
    channel: str
    private: bool
    is_shared: bool
    person_id: int | None
    """Whose it is; None: all there share it."""
    name: str
    opened_at: datetime
    active_at: datetime
    closed_at: datetime | None


@dataclass(frozen=True, slots=True)
class SpokenMessage:
    """One message; the words of it are there only for who may read them."""

    is_bots: bool
    name: str
    person_id: int | None
    text: str
    files: Sequence[str]
    is_whole: bool
    is_deleted: bool
    """Whether its words were taken away while the turn is kept: it was deleted on its platform."""
    at: datetime


@dataclass(frozen=True, slots=True)
class SpokenTurn:
    """A question, or a sentence of the bot's own, with what was answered."""

    id: int
    state: TurnState
    notice: bool
    capability: str
    reference: str
    cancel_request: CancelRequest | None
    replaced_by: int | None
    is_emptied: bool
    """Whether its words are gone: forgotten, or too old."""
    at: datetime
    messages: Sequence[SpokenMessage] = field(default_factory=tuple)
    pictures: Sequence[str] = field(default_factory=tuple)
    """What files that the model made show."""


@dataclass(frozen=True, slots=True)
class Reading:
    """One page."""

    turns: Sequence[SpokenTurn]
    """In the order of saying."""
    has_earlier: bool
    has_later: bool


class ConversationPageReads:
    """`core.console.conversations.ConversationPages`, read from the rows."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def head(self, conversation_id: int) -> ConversationHead | None:
        name = func.coalesce(func.nullif(identities.c.name, ""), identities.c.user, "").label("name")
        query = (
            select(conversations, identities.c.person_id, name)
            .outerjoin_from(conversations, identities, identities.c.id == conversations.c.owner_id)
            .where(conversations.c.id == conversation_id)
        )
        async with self._database.read() as connection:
            row = (await connection.execute(query)).one_or_none()
        return _head(row) if row is not None else None

    async def read(
        self, conversation_id: int, *, before: int | None, after: int | None, with_words: bool
    ) -> Reading:
        """The turns before one, or after one; else the newest."""
        async with self._database.read(many_rows=True) as connection:
            found = (await connection.execute(turns_query(conversation_id, before, after))).all()
            rows = found[:TURNS] if after is not None else found[:TURNS][::-1]
            ids = [row.id for row in rows]
            said = await _said(connection, ids, with_words=with_words)
            shown = await _pictures(connection, ids) if with_words else {}
        is_more = len(found) > TURNS
        spoken = [_turn(row, said.get(row.id, []), shown.get(row.id, []), with_words) for row in rows]
        if after is not None:
            return Reading(spoken, has_earlier=after > 0, has_later=is_more)
        return Reading(spoken, has_earlier=is_more, has_later=before is not None)


def turns_query(conversation_id: int, before: int | None, after: int | None) -> Select[Any]:
    """One turn more than a page has."""
    theirs = turns.c.conversation_id == conversation_id
    query = select(turns).where(theirs).limit(TURNS + 1)
    if after is not None:
        return query.where(turns.c.id > after).order_by(turns.c.id)
    if before is not None:
        query = query.where(turns.c.id < before)
    return query.order_by(turns.c.id.desc())


def messages_query(turn_ids: Sequence[int], *, with_words: bool) -> Select[Any]:
    """What was said in some turns; without words, who and when alone."""
    name = func.coalesce(func.nullif(identities.c.name, ""), identities.c.user, "").label("name")
    own = messages.c["id", "turn_id", "role", "whole", "created_at"]
    is_empty = ((messages.c.text == "") & (cast(messages.c.attachments, Text) == "[]")).label("is_empty")
    words = (messages.c.text, messages.c.attachments) if with_words else ()
    return (
        select(*own, is_empty, identities.c.person_id, name, *words)
        .outerjoin_from(messages, identities, messages.c.identity_id == identities.c.id)
        .where(messages.c.turn_id.in_(turn_ids))
        .order_by(messages.c.id)
        .limit(MOST_MESSAGES)
    )


async def _said(
    connection: AsyncConnection, turn_ids: Sequence[int], *, with_words: bool
) -> dict[int, list[SpokenMessage]]:
    said: dict[int, list[SpokenMessage]] = {}
    for row in await connection.execute(messages_query(turn_ids, with_words=with_words)):
        said.setdefault(row.turn_id, []).append(_message(row, with_words))
    return said


async def _pictures(connection: AsyncConnection, turn_ids: Sequence[int]) -> dict[int, list[str]]:
    shown: dict[int, list[str]] = {}
    made = select(*made_files.c["turn_id", "name", "alt"]).where(made_files.c.turn_id.in_(turn_ids))
    for row in await connection.execute(made.order_by(made_files.c.id)):
        shown.setdefault(row.turn_id, []).append(row.alt or row.name)
    return shown


def _message(row: Any, with_words: bool) -> SpokenMessage:
    named = [each for each in row.attachments or () if isinstance(each, dict)] if with_words else []
    return SpokenMessage(
        is_bots=row.role == "assistant",
        name=row.name,
        person_id=row.person_id,
        text=row.text if with_words else "",
        files=[str(each.get("name", "")) for each in named],
        is_whole=row.whole,
        is_deleted=row.role == "user" and row.is_empty,
        at=row.created_at,
    )


def _turn(row: Any, said: Sequence[SpokenMessage], pictures: Sequence[str], with_words: bool) -> SpokenTurn:
    own: Sequence[SpokenMessage] = ()
    if row.notice:  # what the bot says by itself is no message that the model remembers
        text = (row.answer or "") if with_words else ""
        own = [SpokenMessage(True, "", None, text, (), True, False, row.ended_at or row.created_at)]
    return SpokenTurn(
        id=row.id,
        state=TurnState(row.state),
        notice=row.notice,
        capability=row.capability or "",
        reference=row.reference or "",
        cancel_request=CancelRequest(row.cancel_request) if row.cancel_request else None,
        replaced_by=row.replaced_by,
        is_emptied=row.emptied_at is not None,
        at=row.created_at,
        messages=[*said, *own],
        pictures=pictures,
    )


def _head(row: Any) -> ConversationHead:
    return ConversationHead(
        id=row.id,
        platform=row.platform,
        workspace=row.workspace,
        channel=row.channel,
        private=row.private,
        is_shared=row.owner_id == 0,
        person_id=row.person_id,
        name=row.name,
        opened_at=row.opened_at,
        active_at=row.active_at,
        closed_at=row.closed_at,
    )
