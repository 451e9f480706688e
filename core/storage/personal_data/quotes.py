"""Which later answers quote a message that is being deleted: looked for before the transaction that empties it."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence

from sqlalchemy import select

from core.domain import Deleted
from core.storage.db import Database, conversations, messages, tool_activity, turns
from core.storage.turns.edits import deleted_messages
from core.util.log import log

PAGE = 50
LATER_TURNS = 2_000
"""How many turns after the message are looked through, in each conversation of its place."""
SHORTEST = 4
"""Characters of a message that are looked for as a whole: `yes` stands in too many answers."""
SHORTEST_PART = 16
"""Characters of a line, or a sentence, that are looked for by themselves."""
_PARTS = re.compile(r"[\r\n]+|(?<=[.!?])\s+")


async def answers_quoting(database: Database, deleted: Deleted) -> Sequence[int]:
    """The later turns in the messages' places whose stored answers quote them."""
    quoting: dict[int, None] = {}
    async with database.read(many_rows=True) as connection:
        rows = await deleted_messages(connection, deleted)
    for row in rows:
        if wanted := needles(row.text, [str(each.get("name", "")) for each in row.attachments]):
            for conversation_id in await _beside(database, row.conversation_id):
                quoting.update(dict.fromkeys(await _search(database, conversation_id, row.turn_id, wanted)))
    return list(quoting)


async def answers_quoting_answer(database: Database, turn_id: int) -> Sequence[int]:
    """The later turns in the answer's place whose stored answers quote it."""
    said = select(messages.c.text, messages.c.conversation_id)
    said = said.where(messages.c.turn_id == turn_id, messages.c.role == "assistant")
    async with database.read() as connection:
        row = (await connection.execute(said.limit(1))).one_or_none()
    if row is None or not (wanted := needles(row.text)):
        return ()
    beside = await _beside(database, row.conversation_id)
    return [
        each
        for conversation_id in beside
        for each in await _search(database, conversation_id, turn_id, wanted)
    ]


async def _beside(database: Database, conversation_id: int) -> Sequence[int]:
    """The conversations of the same place: others saw the message, too."""
    place = ("platform", "workspace", "channel", "thread")
    async with database.read(many_rows=True) as connection:
        here = select(*conversations.c[place]).where(conversations.c.id == conversation_id)
        row = (await connection.execute(here)).one()
        same = [conversations.c[name] == value for name, value in zip(place, row, strict=True)]
        open_ones = select(conversations.c.id).where(*same, conversations.c.closed_at.is_(None))
        return list({conversation_id, *(await connection.execute(open_ones)).scalars()})


async def _search(
    database: Database, conversation_id: int, turn_id: int, wanted: Sequence[str]
) -> Sequence[int]:
    quoting: list[int] = []
    for _ in range(LATER_TURNS // PAGE):
        page = await _page(database, conversation_id, turn_id)
        if not page:
            return quoting
        quoting += await asyncio.to_thread(_quoting, page, wanted)
        turn_id = max(found for found, _ in page)
    log.warning("redaction.not_looked_further", conversation=conversation_id, turns=LATER_TURNS)
    return quoting


async def _page(database: Database, conversation_id: int, after: int) -> Sequence[tuple[int, str]]:
    """What the model said, and called tools with, in the next turns."""
    ids = select(turns.c.id).where(turns.c.conversation_id == conversation_id, turns.c.id > after)
    async with database.read(many_rows=True) as connection:
        found = (await connection.execute(ids.order_by(turns.c.id).limit(PAGE))).scalars().all()
        answers = select(messages.c.turn_id, messages.c.text).where(
            messages.c.turn_id.in_(found), messages.c.role == "assistant"
        )
        tools = select(tool_activity.c.turn_id, tool_activity.c.contents, tool_activity.c.explanation)
        tools = tools.where(tool_activity.c.turn_id.in_(found))
        said = dict.fromkeys(found, "")
        for statement in (answers, tools):
            for turn_id, *texts in await connection.execute(statement):
                said[turn_id] += "\n".join(["", *texts])
        return list(said.items())


def needles(text: str, names: Sequence[str] = ()) -> tuple[str, ...]:
    """What to look for of a message: all of it, its longer lines and sentences, and the names of its files."""
    whole = [each for each in (plain(text), *map(plain, names)) if len(each) >= SHORTEST]
    parts = [part for part in map(plain, _PARTS.split(text)) if len(part) >= SHORTEST_PART]
    return tuple(dict.fromkeys([*whole, *parts]))


def quotes(said: str, wanted: Sequence[str]) -> bool:
    """Whether a text holds any of them, as whole words, whatever its case and line breaks."""
    said = plain(said)
    return any(each in said and re.search(rf"(?<!\w){re.escape(each)}(?!\w)", said) for each in wanted)


def _quoting(page: Sequence[tuple[int, str]], wanted: Sequence[str]) -> list[int]:
    return [turn_id for turn_id, said in page if quotes(said, wanted)]


def plain(text: str) -> str:
    """A text without what a quote may change: case, line breaks, marks of emphasis and punctuation at its ends."""
    return " ".join(re.sub(r"[*_`~>\"“”]+", " ", text).casefold().split()).strip(" .,!?;:")
