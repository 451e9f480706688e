"""Counts what people use of which each may have so much in 24 hours.

Rows of their own, and not those of the answers: they stay where an answer is written again or what was said is
forgotten, since what was used is used. A person's rows of more than a day before go with the next that is added.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, delete, func, literal, select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.storage.db import Database, identities, outlast, persons
from core.storage.personal_data.accounts import counted_with
from core.storage.uses_tables import uses

SPAN = timedelta(hours=24)


class UseStore:
    """What each person used in the last 24 hours, over all processes."""

    def __init__(self, database: Database, now: Callable[[], datetime]) -> None:
        self._database = database
        self._now = now

    async def used(self, person_key: str) -> Mapping[str, int]:
        """How often a person used what, where they did at all."""
        person = select(persons.c.id).where(persons.c.key == person_key).scalar_subquery()
        query = select(uses.c.what, func.count())
        theirs = query.where(uses.c.person_id.in_(counted_with(person)), uses.c.at > self._now() - SPAN)
        async with self._database.read() as connection:
            return {row[0]: int(row[1]) for row in await connection.execute(theirs.group_by(uses.c.what))}

    async def add(self, person_key: str, what: str) -> None:
        """Count one use."""
        await outlast(lambda: self.take(person_key, what, most=None))

    async def take(self, person_key: str, what: str, most: int | None) -> bool:
        """Count one use, unless `most` are counted already; whether it was counted. None: any number.

        Two that are taken at the same time are taken one after the other, in linked accounts too.
        """
        now = self._now()
        async with self._database.write() as connection:
            row = (await connection.execute(_whose(person_key))).first()
            if row is None:
                return False
            person_id = row.id
            held = select(persons.c.id).where(persons.c.id == row.counted_as)
            await connection.execute(held.with_for_update(key_share=True))
            if most is not None and await _count(connection, person_id, what, now) >= most:
                return False
            old = (uses.c.person_id == person_id) & (uses.c.at <= now - SPAN)
            await connection.execute(delete(uses).where(old))
            await connection.execute(uses.insert().values(person_id=person_id, what=what, at=now))
            return True


def _whose(person_key: str) -> Select[Any]:
    """The person with this key, and the one that they are counted as."""
    linked = select(identities.c.person_id).where(identities.c.home_person_id == persons.c.id).limit(1)
    counted_as = func.coalesce(linked.scalar_subquery(), persons.c.id).label("counted_as")
    return select(persons.c.id, counted_as).where(persons.c.key == person_key)


async def _count(connection: AsyncConnection, person_id: int, what: str, now: datetime) -> int:
    of_person = uses.c.person_id.in_(counted_with(literal(person_id)))
    theirs = of_person & (uses.c.what == what) & (uses.c.at > now - SPAN)
    of_them: Select[Any] = select(func.count()).select_from(uses).where(theirs)
    return int((await connection.execute(of_them)).scalar_one())
