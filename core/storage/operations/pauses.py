"""The pause of all answers: one more breaker, which an operator trips and resets."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import delete, select, update

from core.domain import Breaker, Cause
from core.domain.audit import Actor, AuditAction, AuditEntry
from core.storage.db import Database, breakers, insert_into, releases
from core.storage.operations.audit import record
from core.storage.turns.release import HeldTurnRelease

PAUSE = Breaker(Cause.PAUSE)
SENTENCE_CHARS = 1000
_NEVER = datetime(2999, 1, 1, tzinfo=UTC)
"""When a probe is made of a pause."""


@dataclass(frozen=True, slots=True)
class Pause:
    """A pause that goes on."""

    since: datetime
    sentence: str
    """What people are told, where it is the operator's own; `""`: the catalogue's."""


class PauseStore:
    """Pauses and resumes, for every process on the database."""

    def __init__(
        self, database: Database, now: Callable[[], datetime], release: HeldTurnRelease | None = None
    ) -> None:
        self._database = database
        self._now = now
        self._release = release or HeldTurnRelease(database, now)

    async def current(self) -> Pause | None:
        """The pause that goes on; None: answers are given."""
        query = select(breakers).where(breakers.c.name == PAUSE.name)
        async with self._database.read() as connection:
            row = (await connection.execute(query)).one_or_none()
        return Pause(row.since, row.sentence or "") if row else None

    async def pause(self, sentence: str, by: Actor) -> bool:
        """Hold all questions from now on; whether they were not held before. The newest sentence is told."""
        row = {
            "name": PAUSE.name,
            "cause": PAUSE.cause,
            "model": "",
            "since": self._now(),
            "retry_at": _NEVER,
            "probes": 0,
            "kind": "",
            "sentence": sentence or None,
        }
        async with self._database.write() as connection:
            tripped = insert_into(connection, breakers).values(**row).on_conflict_do_nothing()
            is_new = (await connection.execute(tripped.returning(breakers.c.name))).first() is not None
            if not is_new:
                again = update(breakers).where(breakers.c.name == PAUSE.name)
                await connection.execute(again.values(sentence=sentence or None))
            await connection.execute(delete(releases).where(releases.c.breaker == PAUSE.name))
            await record(connection, self._now(), AuditEntry(by, AuditAction.PAUSE))
        return is_new

    async def resume(self, by: Actor) -> bool:
        """Release what the pause holds, in order and in batches; whether there was a pause."""
        async with self._database.write() as connection:
            gone = await connection.execute(delete(breakers).where(breakers.c.name == PAUSE.name))
            if not gone.rowcount:
                return False
            await self._release.begin(connection, PAUSE.name)
            await record(connection, self._now(), AuditEntry(by, AuditAction.RESUME))
        return True
