"""Sentences that operators changed in the console, as rows; each change is told to the other processes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.domain.audit import Actor, AuditAction, AuditEntry
from core.storage.db import WORDINGS_CHANNEL, Database, console_wordings, hear_on, insert_into
from core.storage.operations.audit import record


@dataclass(frozen=True, slots=True)
class OwnSentence:
    """One sentence in one language, as an operator wrote it."""

    language: str
    key: str
    text: str
    changed_at: datetime
    changed_by: str


class WordingStore:
    """Reads and changes them."""

    def __init__(self, database: Database, now: Callable[[], datetime]) -> None:
        self._database = database
        self._now = now

    async def all(self) -> Sequence[OwnSentence]:
        query = select(console_wordings).order_by(console_wordings.c.language, console_wordings.c.key)
        async with self._database.read() as connection:
            return [OwnSentence(*row) for row in await connection.execute(query)]

    async def put(self, language: str, key: str, text: str, by: Actor) -> None:
        """Keep a sentence in place of the one that was kept before."""
        new = {"text": text, "changed_at": self._now(), "changed_by": by.name}
        async with self._database.write() as connection:
            row = insert_into(connection, console_wordings).values(language=language, key=key, **new)
            await connection.execute(row.on_conflict_do_update(index_elements=["language", "key"], set_=new))
            await self._tell(connection, language, key, by, "set")

    async def drop(self, language: str, key: str, by: Actor) -> None:
        """Have it said again what would be said without the console."""
        this = (console_wordings.c.language == language) & (console_wordings.c.key == key)
        async with self._database.write() as connection:
            if (await connection.execute(delete(console_wordings).where(this))).rowcount:
                await self._tell(connection, language, key, by, "reset")

    async def hear(self, heard: Callable[[], None]) -> None:
        """Call `heard` whenever another process may have changed something, until cancelled."""
        await hear_on(self._database, WORDINGS_CHANNEL, lambda _payload: heard(), heard)

    async def _tell(self, connection: AsyncConnection, language: str, key: str, by: Actor, what: str) -> None:
        entry = AuditEntry(by, AuditAction.REPLY, subject=f"{key} ({language})", detail=what)
        await record(connection, self._now(), entry)
        if connection.dialect.name == "postgresql":
            await connection.execute(select(func.pg_notify(WORDINGS_CHANNEL, "")))
