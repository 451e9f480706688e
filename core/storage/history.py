"""Reading a conversation back, newest first, by the index: a long past costs nothing until it is asked for."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Collection, Mapping, Sequence
from datetime import datetime
from functools import cache
from types import MappingProxyType
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Row,
    Select,
    Text,
    and_,
    bindparam,
    cast,
    exists,
    func,
    or_,
    select,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from core.domain import Attachment, Remembered, TurnState
from core.storage.db import Database, Id, conversations, deliveries, identities, is_open, messages, turns
from core.storage.personal_data.accounts import talking_with

PAGE = 50
MOST_AT_ONCE = 200
"""So many of the oldest messages are read at once."""
NOTHING: Mapping[int, int] = MappingProxyType({})
_LAST = 2**62
"""No turn has such an id."""


class HistoryStore:
    """What was said in a conversation."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def read(
        self,
        conversation_id: int,
        turn_id: int,
        beside: Sequence[int] = (),
        covered: Mapping[int, int] = NOTHING,
    ) -> tuple[Sequence[Remembered], AsyncGenerator[Remembered]]:
        """What the person said to begin a turn, in the order of saying; and everything that was said before.

        That comes newest first, and is read page by page while it is consumed, the first page together with the turn.
        `beside`: the conversations in linked accounts that it goes on with. `covered`: by conversation, the turn up to
        which nothing is read.
        """
        here = {each: covered.get(each, 0) for each in (conversation_id, *beside)}
        async with self._database.read() as connection:
            asked = (await connection.execute(_question(), {"turn": turn_id})).all()
            page = await self._page(connection, here, (turn_id, 0))
        return [_remembered(row, conversation_id) for row in asked], self._past(here, page)

    async def past(self, conversation_id: int, after_turn: int) -> AsyncGenerator[Remembered]:
        """All that was said in turns of a conversation after one, newest first, page by page."""
        here = {conversation_id: after_turn}
        async with self._database.read() as connection:
            page = await self._page(connection, here, (_LAST, 0))
        async for message in self._past(here, page):
            yield message

    async def ended(self, conversation_id: int, after_turn: int, up_to_turn: int) -> Sequence[Remembered]:
        """The oldest that was said in turns after one, up to another, of which nothing more becomes; oldest first.

        Up to the first turn that has not ended: its answer will stand before what is said now.
        """
        at = {"conversation": conversation_id, "after": after_turn, "up_to": up_to_turn}
        async with self._database.read() as connection:
            return [_remembered(row, conversation_id) for row in await connection.execute(_oldest(), at)]

    async def _past(self, here: Mapping[int, int], page: Sequence[Row[Any]]) -> AsyncGenerator[Remembered]:
        own = next(iter(here))
        while True:
            for row in page:
                yield _remembered(row, own)
            if len(page) < PAGE:
                return
            async with self._database.read() as connection:
                page = await self._page(connection, here, (page[-1].turn_id, page[-1].id))

    async def beside(self, conversation_id: int, since: datetime | None) -> Sequence[int]:
        """The conversations that a private one goes on with: the last used of each account that talks as one with it.

        `since`: those in which something was said since then.
        """
        here, there = conversations.alias("here"), conversations.alias("there")
        owner = select(here.c.owner_id).where(here.c.id == conversation_id, here.c.closed_at.is_(None))
        theirs = select(there.c.id, there.c.owner_id).where(
            there.c.closed_at.is_(None),
            there.c.private,
            there.c.owner_id.in_(talking_with(owner.scalar_subquery())),
        )
        if since is not None:
            theirs = theirs.where(there.c.active_at >= since)
        async with self._database.read() as connection:
            rows = (await connection.execute(theirs.order_by(there.c.active_at))).all()
        return list({row.owner_id: row.id for row in rows}.values())

    async def answers(self, turn_ids: Collection[int]) -> set[str]:
        """The platform's ids of the messages that answered these turns."""
        query = select(deliveries.c.message_id).where(deliveries.c.turn_id.in_(turn_ids))
        async with self._database.read() as connection:
            return set((await connection.execute(query)).scalars())

    async def _page(
        self, connection: AsyncConnection, here: Mapping[int, int], position: tuple[int, int]
    ) -> Sequence[Row[Any]]:
        turn_id, message_id = position
        at = {"turn": turn_id, "message": message_id}
        if len(here) == 1:
            ((conversation_id, after),) = here.items()
            query, at = _older(), at | {"conversation": conversation_id, "after": after}
        else:
            query = _older_than().where(or_(*(_is_of(each, after) for each, after in here.items())))
        page: Sequence[Row[Any]] = (await connection.execute(query, at)).all()
        return page


@cache
def _question() -> Select[Any]:
    asked = _messages().where(messages.c.turn_id == bindparam("turn"), messages.c.role == "user")
    return asked.order_by(messages.c.id)


@cache
def _older() -> Select[Any]:
    """A page of what was said before the message `message` of the turn `turn`, in turns after `after`."""
    return _older_than().where(_is_of(bindparam("conversation", type_=Id), bindparam("after", type_=Id)))


def _older_than() -> Select[Any]:
    turn: BindParameter[int] = bindparam("turn", type_=Id)
    older = (messages.c.turn_id < turn) | (
        (messages.c.turn_id == turn) & (messages.c.id < bindparam("message", type_=Id))
    )
    return (
        _messages()
        .where(messages.c.turn_id <= turn, older)
        .where(~_is_left_out())
        .order_by(messages.c.turn_id.desc(), messages.c.id.desc())
        .limit(PAGE)
    )


def _is_of(conversation: Any, after: Any) -> ColumnElement[bool]:
    """Whether a message stands in a conversation, in a turn after one."""
    return and_(messages.c.conversation_id == conversation, messages.c.turn_id > after)


@cache
def _oldest() -> Select[Any]:
    """The first messages of ended turns after the turn `after`, up to the turn `up_to`."""
    conversation: BindParameter[int] = bindparam("conversation", type_=Id)
    first_open = select(func.min(turns.c.id)).where(turns.c.conversation_id == conversation, is_open())
    before = func.coalesce(first_open.scalar_subquery(), _LAST)
    return (
        _messages()
        .where(_is_of(conversation, bindparam("after", type_=Id)))
        .where(messages.c.turn_id <= bindparam("up_to", type_=Id), messages.c.turn_id < before)
        .where(~_is_left_out())
        .order_by(messages.c.turn_id, messages.c.id)
        .limit(MOST_AT_ONCE)
    )


def _messages() -> Select[Any]:
    author = identities.c.user.label("author"), identities.c.name.label("author_name")
    return select(messages, *author).outerjoin(identities, messages.c.identity_id == identities.c.id)


def _is_left_out() -> ColumnElement[bool]:
    """Whether no later answer is to go into it: it was taken back unanswered, answered once more, or emptied."""
    answer = messages.alias()
    answered = exists().where((answer.c.turn_id == turns.c.id) & (answer.c.role == "assistant"))
    taken_back = (turns.c.state == TurnState.CANCELLED) & ~answered
    its_turn = (turns.c.id == messages.c.turn_id) & (taken_back | turns.c.replaced_by.is_not(None))
    emptied = (messages.c.text == "") & (cast(messages.c.attachments, Text) == "[]")
    return emptied | exists().where(its_turn)


def _remembered(row: Row[Any], here: int) -> Remembered:
    return Remembered(
        is_elsewhere=row.conversation_id != here,
        turn_id=row.turn_id,
        role=row.role,
        text=row.text,
        author_name=row.author_name or "",
        attachments=tuple(Attachment(**attachment) for attachment in row.attachments),
        origin=row.origin,
        author=row.author or "",
    )
