"""What people think of answers."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Select, exists, select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.storage.db import (
    Database,
    batched,
    consents,
    conversations,
    erasures,
    feedback,
    identities,
    insert_into,
    messages,
    turns,
    usage,
)

PAGE = 200
"""Rows in one read: a long one would keep SQLite's log from being emptied."""


class Feedbacks:
    """Keeps opinions, within a transaction."""

    def __init__(self, connection: AsyncConnection, now: datetime) -> None:
        self._connection = connection
        self._now = now

    async def keep(self, turn_id: int, identity_id: int, *, good: bool, comment: str) -> None:
        """Store what a person thinks of an answer, the newest alone.

        A comment that was given stays when the same opinion comes again without one.
        """
        row = insert_into(self._connection, feedback).values(
            turn_id=turn_id, identity_id=identity_id, good=good, comment=comment, at=self._now
        )
        newer = {"good": good, "at": self._now} | ({"comment": comment} if comment or good else {})
        key = ["turn_id", "identity_id"]
        await self._connection.execute(row.on_conflict_do_update(index_elements=key, set_=newer))

    async def words_of(self, turn_id: int) -> tuple[str, str]:
        """The question and the answer of a turn, as far as they are stored."""
        return (await _words_of(self._connection, [turn_id])).get(turn_id, ("", ""))


@dataclass(frozen=True, slots=True)
class Judged:
    """An answer of the model, and what one person thinks of it. Says of nobody who they are."""

    id: int
    at: datetime
    good: bool
    comment: str
    question: str
    answer: str
    model: str
    """Which gateway answered; `""` where that is not known any more."""
    place: Literal["direct", "thread", "channel"]


class FeedbackList:
    """What people think of answers, beside a running bot too.

    Answers of people who asked to be forgotten are left out, also while that is still to be carried out; so are those
    whose words are deleted, and, with `agreed_only`, those of people who have not agreed to be stored.
    """

    def __init__(self, database: Database, *, agreed_only: bool = False) -> None:
        self._database = database
        self._agreed_only = agreed_only

    async def since(self, since: datetime | None = None) -> AsyncGenerator[Judged]:
        """From the oldest on, a page at a time."""
        after = 0
        while True:
            async with self._database.read(many_rows=True) as connection:
                rows = (await connection.execute(self._page(after, since))).all()
                words = await _words_of(connection, [row.turn_id for row in rows])
            for row in rows:
                question, answer = words.get(row.turn_id, ("", ""))
                if question and answer:
                    place = _PLACES[row.private, bool(row.thread)]
                    model = row.model or ""
                    yield Judged(row.id, row.at, row.good, row.comment, question, answer, model, place)
            if len(rows) < PAGE:
                return
            after = rows[-1].id

    def _page(self, after: int, since: datetime | None) -> Select[Any]:
        asker, judge = identities.alias(), identities.alias()
        joined = (
            feedback.join(turns, turns.c.id == feedback.c.turn_id)
            .join(conversations, conversations.c.id == turns.c.conversation_id)
            .join(asker, asker.c.id == turns.c.identity_id)
            .join(judge, judge.c.id == feedback.c.identity_id)
            .outerjoin(usage, usage.c.turn_id == turns.c.id)
        )
        people = (asker.c.person_id, judge.c.person_id)
        which = (feedback.c.id > after) & ~exists().where(erasures.c.person_id.in_(people))
        if since is not None:
            which &= feedback.c.at >= since
        if self._agreed_only:
            for person in people:
                which &= exists().where((consents.c.person_id == person) & consents.c.agreed_at.is_not(None))
        shown = feedback.c["id", "turn_id", "good", "comment", "at"]
        query = select(*shown, conversations.c.private, conversations.c.thread, usage.c.model)
        return query.select_from(joined).where(which).order_by(feedback.c.id).limit(PAGE)


_PLACES: Mapping[tuple[bool, bool], Literal["direct", "thread", "channel"]] = {
    (True, True): "direct",
    (True, False): "direct",
    (False, True): "thread",
    (False, False): "channel",
}


async def _words_of(connection: AsyncConnection, turn_ids: Sequence[int]) -> Mapping[int, tuple[str, str]]:
    """Question and whole answer of each turn."""
    said: dict[int, dict[str, list[str]]] = {}
    for some in batched(turn_ids):
        query = select(messages.c.turn_id, messages.c.role, messages.c.text)
        query = query.where(messages.c.turn_id.in_(some), messages.c.whole, messages.c.text != "")
        for turn_id, role, text in await connection.execute(query.order_by(messages.c.id)):
            said.setdefault(turn_id, {}).setdefault(role, []).append(text)
    return {
        turn_id: ("\n\n".join(each.get("user", ())), "\n\n".join(each.get("assistant", ())))
        for turn_id, each in said.items()
    }
