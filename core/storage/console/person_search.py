"""Finds people for the console by the beginning of their name, by an id, or as `platform:user`: each by an index."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, or_, select

from core.storage.db import Database, identities
from core.storage.personal_data.people import named

MOST = 50
_LAST = "\U0010ffff"
_SURROGATES = range(0xD800, 0xE000)


@dataclass(frozen=True, slots=True)
class FoundIdentity:
    """One account that was looked for."""

    id: int
    person_id: int
    platform: str
    workspace: str
    user: str
    name: str
    since: datetime


class PersonSearch:
    """`core.console.people.PersonFinder`, read from the rows."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def find(self, wanted: str) -> Sequence[FoundIdentity]:
        """The accounts that are meant, `MOST` of them, by name."""
        if not wanted:
            return []
        async with self._database.read(many_rows=True) as connection:
            return [FoundIdentity(*row) for row in await connection.execute(search_query(wanted))]

    async def of_person(self, person_id: int) -> Sequence[int]:
        """The ids of a person's identities."""
        theirs = select(identities.c.id).where(identities.c.person_id == person_id)
        async with self._database.read() as connection:
            return (await connection.execute(theirs)).scalars().all()


def search_query(wanted: str) -> Select[Any]:
    """Those whom a text means."""
    columns = identities.c["id", "person_id", "platform", "workspace", "user", "name", "created_at"]
    return (
        select(*columns)
        .where(_is_meant(wanted))
        .order_by(identities.c.name_folded, identities.c.id)
        .limit(MOST)
    )


def _is_meant(wanted: str) -> ColumnElement[bool]:
    if (account := named(wanted)) is not None:
        theirs = (identities.c.platform == account.platform) & (identities.c.user == account.user)
        return theirs & (identities.c.workspace == account.workspace) if account.workspace else theirs
    name = wanted.removeprefix("@").strip().casefold()
    if not name:
        return identities.c.user == wanted
    begins = identities.c.name_folded >= name
    if (end := _behind(name)) is not None:
        begins = and_(begins, identities.c.name_folded < end)
    return or_(identities.c.user == wanted, and_(begins, identities.c.name_folded != ""))


def _behind(beginning: str) -> str | None:
    """The first text that stands behind all with this beginning; None: there is none."""
    kept = beginning.rstrip(_LAST)
    if not kept:
        return None
    following = ord(kept[-1]) + 1
    return kept[:-1] + chr(_SURROGATES.stop if following in _SURROGATES else following)
