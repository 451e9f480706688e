"""Counts what people use of which each may have so much in 24 hours.

Rows of their own, and not those of the answers: they stay where an answer is written again or what was said is
forgotten, since what was used is used. A person's rows of more than a day before go with the next that is added.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, delete, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.storage.db import Database, outlast, persons
from core.storage.uses_tables import uses

SPAN = timedelta(hours=24)


class UseStore:
    """What each person used in the last 24 hours, over all processes."""

    def __init__(self, database: Database, now: Callable[[], datetime]) -> None:
        self._database = database
        self._now = now

    async def used(self, person_key: str) -> Mapping[str, int]:
        """How often a person used what, where they did at all."""
        query = select(uses.c.what, func.count()).select_from(uses.join(persons))
        theirs = query.where(persons.c.key == person_key, uses.c.at > self._now() - SPAN)
        async with self._database.read() as connection:
            return {row[0]: int(row[1]) for row in await connection.execute(theirs.group_by(uses.c.what))}

    async def add(self, person_key: str, what: str) -> None:
        """Count one use."""
        await outlast(lambda: self.take(person_key, what, most=None))

    async def take(self, person_key: str, what: str, most: int | None) -> bool:
        """Count one use, unless `most` are counted already; whether it was counted. None: any number.

        Two that are taken at the same time are taken one after the other.
        """
        now = self._now()
        async with self._database.write() as connection:
            locked = select(persons.c.id).where(persons.c.key == person_key).with_for_update(key_share=True)
            person_id = await connection.scalar(locked)
            if person_id is None:
                return False
            if most is not None and await _count(connection, person_id, what, now) >= most:
                return False
            old = (uses.c.person_id == person_id) & (uses.c.at <= now - SPAN)
            await connection.execute(delete(uses).where(old))
            await connection.execute(uses.insert().values(person_id=person_id, what=what, at=now))
            return True


async def _count(connection: AsyncConnection, person_id: int, what: str, now: datetime) -> int:
    theirs = (uses.c.person_id == person_id) & (uses.c.what == what) & (uses.c.at > now - SPAN)
    of_them: Select[Any] = select(func.count()).select_from(uses).where(theirs)
    return int((await connection.execute(of_them)).scalar_one())
