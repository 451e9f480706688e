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
    Integer,
    Row,
    ScalarSelect,
    Select,
    Text,
    and_,
    bindparam,
    case,
    cast,
    exists,
    func,
    null,
    or_,
    select,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from core.domain import Attachment, Remembered, TurnState
from core.storage.db import Database, Id, conversations, deliveries, identities, is_open, messages, turns
from core.storage.personal_data.accounts import talking_with

PAGE = 50
"""So many of the newest messages are read with the turn."""
MOST_AT_ONCE = 200
"""So many are read at once where those are not enough, or from the oldest on: whose 50 newest fit has short ones."""
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
        async with self._database.read() as connection:
            return await ended(connection, conversation_id, after_turn, up_to_turn)

    async def _past(self, here: Mapping[int, int], page: Sequence[Row[Any]]) -> AsyncGenerator[Remembered]:
        own, most = next(iter(here)), PAGE
        while True:
            for row in page:
                yield _remembered(row, own)
            if len(page) < most:
                return
            most = MOST_AT_ONCE
            async with self._database.read() as connection:
                page = await self._page(connection, here, (page[-1].turn_id, page[-1].id), most)

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
        self,
        connection: AsyncConnection,
        here: Mapping[int, int],
        position: tuple[int, int],
        most: int = PAGE,
    ) -> Sequence[Row[Any]]:
        turn_id, message_id = position
        at = {"turn": turn_id, "message": message_id, "most": most}
        if len(here) == 1:
            ((conversation_id, after),) = here.items()
            query, at = _older(), at | {"conversation": conversation_id, "after": after}
        else:
            query = _older_than().where(or_(*(_is_of(each, after) for each, after in here.items())))
        page: Sequence[Row[Any]] = (await connection.execute(query, at)).all()
        return page


async def ended(
    connection: AsyncConnection, conversation_id: int, after_turn: int, up_to_turn: int
) -> Sequence[Remembered]:
    """As `HistoryStore.ended`, within a transaction."""
    at = {"conversation": conversation_id, "after": after_turn, "up_to": up_to_turn}
    return [_remembered(row, conversation_id) for row in await connection.execute(_oldest(), at)]


@cache
def _question() -> Select[Any]:
    asked = _messages().where(messages.c.turn_id == bindparam("turn"), messages.c.role == "user")
    return asked.order_by(messages.c.id)


@cache
def _older() -> Select[Any]:
    """The last `most` messages before the message `message` of the turn `turn`, in turns after `after`."""
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
        .limit(bindparam("most", type_=Integer))
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
    """What `_remembered` reads, and `id` behind it: a long history is hundreds of rows, and each column costs.

    Nothing is joined. PostgreSQL keeps one plan for all conversations, for which it expects a single message; it then
    takes joining before sorting for as good as walking the index, and reads a conversation of any length to its end.
    """
    said = messages.c["conversation_id", "turn_id", "role", "text", "origin"]
    author = _of_author(identities.c.user).label("author"), _of_author(identities.c.name).label("author_name")
    return select(*said, *author, _files().label("attachments"), messages.c.id)


def _of_author(column: ColumnElement[Any]) -> ScalarSelect[Any]:
    return select(column).where(identities.c.id == messages.c.identity_id).scalar_subquery()


def _files() -> ColumnElement[Any]:
    """A message's files; NULL where it has none, as nearly all: then there is no JSON to read."""
    return case((_has_no_files(), null()), else_=messages.c.attachments)


def _has_no_files() -> ColumnElement[bool]:
    return cast(messages.c.attachments, Text) == "[]"


def _is_left_out() -> ColumnElement[bool]:
    """Whether no later answer is to go into it: it was taken back unanswered, answered once more, or emptied.

    Its turn is a subquery of one row, not an `EXISTS`: of that PostgreSQL may make a list of all turns.
    """
    answer = messages.alias()
    answered = exists().where((answer.c.turn_id == turns.c.id) & (answer.c.role == "assistant"))
    taken_back = (turns.c.state == TurnState.CANCELLED) & ~answered
    its_turn = select(taken_back | turns.c.replaced_by.is_not(None)).where(turns.c.id == messages.c.turn_id)
    emptied = (messages.c.text == "") & _has_no_files()
    return emptied | its_turn.correlate(messages).scalar_subquery()


def _remembered(row: Row[Any], here: int) -> Remembered:
    conversation_id, turn_id, role, text, origin, author, author_name, attachments, _ = tuple(row)
    return Remembered(
        turn_id=turn_id,
        role=role,
        text=text,
        author_name=author_name or "",
        attachments=tuple(Attachment(**each) for each in attachments) if attachments else (),
        origin=origin,
        author=author or "",
        is_elsewhere=conversation_id != here,
    )
