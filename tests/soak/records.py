"""What the bot has stored, read from outside while it runs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from sqlalchemy import text

from core.storage.db import Database, outlast
from tests.soak.talk import Question

_ARRIVALS = """
SELECT messages.text FROM turns JOIN messages ON messages.turn_id = turns.id AND messages.role = 'user'
{where} ORDER BY turns.id
"""


class Records:
    """The rows of a bot's database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def _column(self, query: str) -> Sequence[str]:
        async def read() -> Sequence[str]:
            async with self._database.read() as connection:
                return list((await connection.execute(text(query))).scalars())

        return await outlast(read)  # the last of the faults may end this connection as well

    async def keys(self) -> set[str]:
        """The events that were taken in."""
        return set(await self._column("SELECT key FROM events"))

    async def states(self) -> Counter[str]:
        return Counter(await self._column("SELECT state FROM turns"))

    async def open_turns(self) -> int:
        states = await self.states()
        return states["queued"] + states["running"] + states["parked"]

    async def unfinished(self) -> Sequence[str]:
        """A word on each turn that has not ended."""
        return await self._column(
            "SELECT id || ' ' || state || ' attempt ' || attempt || ' due ' || due_at FROM turns"
            " WHERE state IN ('queued', 'running', 'parked') ORDER BY id LIMIT 20"
        )

    async def arrived(self, questions: Iterable[Question]) -> list[Question]:
        """The questions that were taken in, in the order of arrival."""
        return _by_word(questions, await self._column(_ARRIVALS.format(where="")))

    async def superseded(self, questions: Iterable[Question]) -> set[Question]:
        """Those in whose place their author asked something newer."""
        where = "WHERE turns.state = 'superseded'"
        return set(_by_word(questions, await self._column(_ARRIVALS.format(where=where))))


def _by_word(questions: Iterable[Question], texts: Iterable[str]) -> list[Question]:
    known = {question.word: question for question in questions}
    found = [known.get(text.split()[0]) for text in texts if text.strip()]
    return [question for question in found if question is not None]
