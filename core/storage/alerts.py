"""What operators were told: one row for each cause that goes on, written together with the turn that tells it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.domain import Author, Identity, Place
from core.storage.db import Database, alerts, insert_into, lock_author
from core.storage.turns.intake import IntakeTransaction

OPERATORS = "operators"
"""The user that alerts are addressed to: nobody's account on any platform, so that nobody shares their line."""
NOBODY = Identity("", "", OPERATORS)
"""In whose name alerts are told and taken back, one after the other."""


@dataclass(frozen=True, slots=True)
class AlertChannel:
    """Where operators read alerts."""

    platform: str
    channel: str
    address: str


@dataclass(frozen=True, slots=True)
class Told:
    """What came of an alert."""

    is_new: bool
    """Whether it was not told already, by this process or another."""
    conversation_id: int | None = None
    """The conversation that has work now, where they have a channel."""


class AlertStore:
    """Remembers causes, and queues alerts as turns of the operators' own conversation."""

    def __init__(self, database: Database, now: Callable[[], datetime]) -> None:
        self._database = database
        self._now = now

    async def told(self, keys: Collection[str] | None = None) -> set[str]:
        """Which of these causes operators were told of; without `keys`, all of them."""
        rows = select(alerts.c.key)
        if keys is not None:
            rows = rows.where(alerts.c.key.in_(keys))
        async with self._database.read() as connection:
            return set((await connection.execute(rows)).scalars())

    async def add(self, key: str, implied: Sequence[str], sentence: str, target: AlertChannel | None) -> Told:
        """Remember a cause, and those that it implies; the sentence is queued if it is a new one."""
        async with self._database.write() as connection:
            await lock_author(connection, NOBODY)
            is_new = await self._insert(connection, key)
            for other in implied:
                await self._insert(connection, other)
            return await self._queue(connection, sentence, target) if is_new else Told(is_new=False)

    async def remove(self, keys: Collection[str], sentence: str, target: AlertChannel | None) -> Told:
        """Forget causes that are gone; the sentence (`""`: none) is queued if any of them was told."""
        async with self._database.write() as connection:
            await lock_author(connection, NOBODY)
            gone = await connection.execute(delete(alerts).where(alerts.c.key.in_(keys)))
            if not gone.rowcount or not sentence:
                return Told(is_new=bool(gone.rowcount))
            return await self._queue(connection, sentence, target)

    async def _queue(self, connection: AsyncConnection, sentence: str, target: AlertChannel | None) -> Told:
        if target is None:
            return Told(is_new=True)
        transaction = IntakeTransaction(connection, self._now())
        reader = Author(Identity(target.platform, "", OPERATORS), OPERATORS)
        reader_id = await transaction.identity_id(reader)
        place = Place(target.platform, "", target.channel, OPERATORS)
        conversation_id = await transaction.find_or_open(place, reader_id)
        await transaction.add_turn(conversation_id, reader_id, target.address, notice=sentence)
        await transaction.announce(conversation_id, target.platform)
        return Told(is_new=True, conversation_id=conversation_id)

    async def _insert(self, connection: AsyncConnection, key: str) -> bool:
        row = insert_into(connection, alerts).values(key=key, told_at=self._now()).on_conflict_do_nothing()
        return (await connection.execute(row.returning(alerts.c.key))).first() is not None
