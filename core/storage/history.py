"""Reading a conversation back, newest first, by the index: a long past costs nothing until it is asked for."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Collection, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, Text, cast, exists, select

from core.domain import Attachment, Remembered, TurnState
from core.storage.db import Database, deliveries, identities, messages, turns

PAGE = 50


class HistoryStore:
    """What was said in a conversation."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def of_turn(self, turn_id: int) -> Sequence[Remembered]:
        """What the person said to begin this turn, in the order of saying."""
        query = _messages().where(messages.c.turn_id == turn_id, messages.c.role == "user")
        async with self._database.read() as connection:
            return [_remembered(row) for row in await connection.execute(query.order_by(messages.c.id))]

    async def before(self, conversation_id: int, turn_id: int) -> AsyncGenerator[Remembered]:
        """Everything said in the turns before this one, newest first, read page by page while it is consumed."""
        position = (turn_id, 0)
        while True:
            page = await self._page(conversation_id, position)
            for row in page:
                yield _remembered(row)
            if len(page) < PAGE:
                return
            position = (page[-1].turn_id, page[-1].id)

    async def answers(self, turn_ids: Collection[int]) -> set[str]:
        """The platform's ids of the messages that answered these turns."""
        query = select(deliveries.c.message_id).where(deliveries.c.turn_id.in_(turn_ids))
        async with self._database.read() as connection:
            return set((await connection.execute(query)).scalars())

    async def _page(self, conversation_id: int, position: tuple[int, int]) -> Sequence[Row[Any]]:
        turn_id, message_id = position
        older = (messages.c.turn_id < turn_id) | (
            (messages.c.turn_id == turn_id) & (messages.c.id < message_id)
        )
        query = (
            _messages()
            .where(messages.c.conversation_id == conversation_id, messages.c.turn_id <= turn_id, older)
            .where(~_is_left_out())
            .order_by(messages.c.turn_id.desc(), messages.c.id.desc())
            .limit(PAGE)
        )
        async with self._database.read() as connection:
            page: Sequence[Row[Any]] = (await connection.execute(query)).all()
            return page


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


def _remembered(row: Row[Any]) -> Remembered:
    return Remembered(
        turn_id=row.turn_id,
        role=row.role,
        text=row.text,
        author_name=row.author_name or "",
        attachments=tuple(Attachment(**attachment) for attachment in row.attachments),
        origin=row.origin,
        author=row.author or "",
    )
