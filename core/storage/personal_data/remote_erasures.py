"""What is still to be deleted of people at AIVAX, as rows: each survives crashes, and outages of AIVAX.

A row is written in the transaction that ends the deletion here. Whoever tries it, in whichever process, first moves
its time on: so a second one leaves it alone, and one that dies is followed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.domain import Place
from core.storage.db import Database, conversations, persons, remote_erasures
from core.storage.personal_data.deletion import Erasure

SETTLING = timedelta(minutes=2)
"""How long AIVAX is left to log the answers that were broken off: what is deleted before would come back."""
LEASE = timedelta(minutes=3)
"""How long one step may take before another process takes the row up: several calls of 30 seconds each."""


@dataclass(frozen=True, slots=True)
class Deleted:
    """How much was deleted at AIVAX."""

    memories: int = 0
    records: int = 0
    """Conversations in AIVAX' log."""
    files: int = 0
    """Files that its tool `shell` kept."""

    def __bool__(self) -> bool:
        return bool(self.memories or self.records or self.files)


@dataclass(frozen=True, slots=True)
class RemoteErasure:
    """One person's data at AIVAX that is to go."""

    id: int
    identity_id: int
    conversation_id: int
    """Where the person is told."""
    place: Place
    address: str
    """`""`: they are not told."""
    person_key: str
    asked_at: datetime
    due_at: datetime
    tries: int
    deleted: Deleted


class RemoteErasures:
    """Takes a request in, and ends it, within a transaction."""

    def __init__(self, connection: AsyncConnection, now: datetime) -> None:
        self._connection = connection
        self._now = now

    async def ask(self, erasure: Erasure) -> None:
        """Remember that what AIVAX has of somebody is to go, too."""
        await self._connection.execute(
            remote_erasures.insert().values(
                person_id=erasure.person_id,
                identity_id=erasure.identity_id,
                conversation_id=erasure.conversation_id,
                address=erasure.address,
                asked_at=erasure.asked_at,
                due_at=self._now + SETTLING,
                tries=0,
                memories=0,
                records=0,
                files=0,
            )
        )

    async def finish(self, erasure: RemoteErasure) -> bool:
        """End a request; False where somebody else has."""
        over = delete(remote_erasures).where(_is(erasure))
        return (await self._connection.execute(over)).rowcount > 0


class RemoteErasureStore:
    """Gives out what is due, one at a time."""

    def __init__(self, database: Database, now: Callable[[], datetime]) -> None:
        self._database = database
        self._now = now

    async def claim(self) -> RemoteErasure | None:
        """The row that has been due longest; nobody else is given it for a while."""
        while (erasure := await self._due()) is not None:
            if await self._move(erasure, due_at=self._now() + LEASE, tries=erasure.tries):
                return erasure
        return None

    async def add(self, erasure: RemoteErasure, deleted: Deleted) -> None:
        """Count what was just deleted, and keep the row for a while longer."""
        columns = remote_erasures.c
        counted = update(remote_erasures).where(_is(erasure))
        counts = {name: columns[name] + getattr(deleted, name) for name in ("memories", "records", "files")}
        async with self._database.write() as connection:
            await connection.execute(counted.values(due_at=self._now() + LEASE, **counts))

    async def counted(self, erasure: RemoteErasure) -> Deleted:
        """How much was deleted in all tries together."""
        columns = remote_erasures.c["memories", "records", "files"]
        async with self._database.read() as connection:
            row = (await connection.execute(select(*columns).where(_is(erasure)))).one_or_none()
        return Deleted(*row) if row is not None else Deleted()

    async def delay(self, erasure: RemoteErasure, wait_s: float) -> None:
        """Have it tried again after a while, as AIVAX could not be asked."""
        later = update(remote_erasures).where(_is(erasure))
        values = {"due_at": self._now() + timedelta(seconds=wait_s), "tries": erasure.tries + 1}
        async with self._database.write() as connection:
            await connection.execute(later.values(**values))

    async def _due(self) -> RemoteErasure | None:
        places = conversations.c["platform", "workspace", "channel", "thread", "private"]
        oldest = (
            select(remote_erasures, persons.c.key.label("person_key"), *places)
            .join(persons, remote_erasures.c.person_id == persons.c.id)
            .join(conversations, remote_erasures.c.conversation_id == conversations.c.id)
            .where(remote_erasures.c.due_at <= self._now())
            .order_by(remote_erasures.c.due_at)
            .limit(1)
        )
        async with self._database.read() as connection:
            row = (await connection.execute(oldest)).one_or_none()
        if row is None:
            return None
        return RemoteErasure(
            id=row.id,
            identity_id=row.identity_id,
            conversation_id=row.conversation_id,
            place=Place(row.platform, row.workspace, row.channel, row.thread, row.private),
            address=row.address,
            person_key=row.person_key,
            asked_at=row.asked_at,
            due_at=row.due_at,
            tries=row.tries,
            deleted=Deleted(row.memories, row.records, row.files),
        )

    async def _move(self, erasure: RemoteErasure, **values: object) -> bool:
        """Change a row, unless somebody else did since it was read."""
        moved = update(remote_erasures).where(_is(erasure), remote_erasures.c.due_at == erasure.due_at)
        async with self._database.write() as connection:
            return (await connection.execute(moved.values(**values))).rowcount > 0


def _is(erasure: RemoteErasure) -> ColumnElement[bool]:
    return remote_erasures.c.id == erasure.id
