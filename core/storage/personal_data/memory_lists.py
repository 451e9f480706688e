"""Which memories a person was shown under which number, so that a number means the same to every process, later too."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from sqlalchemy import select

from core.storage.db import Database, insert_into, memory_lists, persons


class MemoryLists:
    """Keeps the list that each person was shown last: AIVAX' ids alone, no text."""

    def __init__(self, database: Database, now: Callable[[], datetime]) -> None:
        self._database = database
        self._now = now

    async def keep(self, person_key: str, documents: Sequence[str]) -> None:
        """Remember what a person is shown, in that order, in place of what they were shown before."""
        whose = select(persons.c.id).where(persons.c.key == person_key)
        async with self._database.write() as connection:
            person_id = (await connection.execute(whose)).scalar_one_or_none()
            if person_id is None:
                return
            values = {"documents": list(documents), "shown_at": self._now()}
            row = insert_into(connection, memory_lists).values(person_id=person_id, **values)
            await connection.execute(row.on_conflict_do_update(index_elements=["person_id"], set_=values))

    async def shown(self, person_key: str) -> Sequence[str]:
        """What the person was shown last; nothing where they never were."""
        found = (
            select(memory_lists.c.documents)
            .join(persons, memory_lists.c.person_id == persons.c.id)
            .where(persons.c.key == person_key)
        )
        async with self._database.read() as connection:
            documents = (await connection.execute(found)).scalar_one_or_none()
        return [each for each in documents or () if isinstance(each, str)]
