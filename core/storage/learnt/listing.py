"""What was learnt, as the console lists it: page by page, and forgotten by an operator."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, Subquery, func, select, update

from core.domain.audit import Actor, AuditAction, AuditEntry
from core.storage.console.paging import Page, Spot, page_of
from core.storage.db import Database, identities, learnt, learnt_pieces
from core.storage.learnt.follow_ups import Wanted
from core.storage.operations.audit import record

MOST = 50


@dataclass(frozen=True, slots=True)
class LearntLine:
    """One source in a list."""

    id: int
    collection: str
    name: str
    link: str
    is_file: bool
    platform: str
    workspace: str
    channel: str
    private: bool
    person_id: int
    by: str
    pages: int
    pieces: int
    sent: int
    """How many of its pieces AIVAX has."""
    learnt_at: datetime | None
    wanted: str
    """What is still to be done with it; see `Wanted`."""


@dataclass(frozen=True, slots=True)
class CollectionSums:
    """What was learnt into one collection."""

    id: str
    sources: int
    pieces: int


class LearntReads:
    """Reads lists, and marks what is to be forgotten; who keeps what was learnt carries that out."""

    def __init__(self, database: Database, now: Callable[[], datetime]) -> None:
        self._database = database
        self._now = now

    async def sums(self) -> Sequence[CollectionSums]:
        """Every collection that something was learnt into."""
        c = learnt.c
        sums = select(c.collection, func.count(), func.coalesce(func.sum(c.pieces), 0))
        async with self._database.read() as connection:
            rows = await connection.execute(sums.group_by(c.collection).order_by(c.collection))
            return [CollectionSums(row[0], int(row[1]), int(row[2])) for row in rows]

    async def page(self, name: str, collection: str, before: int | None = None) -> Page[LearntLine]:
        """The newest whose name holds `name`, of one collection or of all; older ones than the id `before`."""
        c = learnt.c
        found = select(learnt).order_by(c.id.desc()).limit(MOST + 1)
        if name:
            found = found.where(func.lower(c.name).contains(name.lower(), autoescape=True))
        if collection:
            found = found.where(c.collection == collection)
        if before is not None:
            found = found.where(c.id < before)
        async with self._database.read(many_rows=True) as connection:
            rows = await connection.execute(_told(found.subquery()))
            lines = [_line(row) for row in rows]
        return page_of(lines, MOST, lambda line: Spot(self._now(), line.id))

    async def forget(self, id_: int, by: Actor) -> bool:
        """Have a source forgotten, soon, with an entry in the audit log; whether there is one to forget."""
        there = (learnt.c.id == id_) & (learnt.c.wanted != Wanted.FORGET.value)
        new = {"wanted": Wanted.FORGET.value, "due_at": self._now(), "tries": 0}
        marked = update(learnt).where(there).values(**new).returning(learnt.c.collection)
        async with self._database.write() as connection:
            collection = await connection.scalar(marked)
            if collection is None:
                return False
            entry = AuditEntry(by, AuditAction.KNOWLEDGE, subject=collection, detail=str(id_))
            await record(connection, self._now(), entry)
        return True


def _told(found: Subquery) -> Select[Any]:
    """Sources with who had them learnt and what AIVAX has: looked up for those that are shown alone."""
    is_theirs, sent_at = identities.c.id == found.c.identity_id, learnt_pieces.c.sent_at
    sent = select(func.count()).where(learnt_pieces.c.learnt_id == found.c.id, sent_at.is_not(None))
    told = {
        "by": select(identities.c.name).where(is_theirs),
        "person_id": select(identities.c.person_id).where(is_theirs),
        "sent": sent,
    }
    columns = (each.scalar_subquery().label(name) for name, each in told.items())
    return select(found, *columns).order_by(found.c.id.desc())


def _line(row: Any) -> LearntLine:
    return LearntLine(
        row.id,
        row.collection,
        row.name,
        row.link or "",
        row.file is not None,
        row.platform,
        row.workspace,
        row.channel,
        row.private,
        row.person_id,
        row.by,
        row.pages,
        row.pieces,
        row.sent,
        row.learnt_at,
        row.wanted,
    )
