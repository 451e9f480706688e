"""Sessions of the console as rows: found by the digest of what the browser's cookie holds."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, delete, or_, select, update

from core.domain.audit import Actor, AuditAction, AuditEntry
from core.domain.console import ConsoleSession
from core.storage.console.access.users import user_of, users
from core.storage.db import Database, console_sessions, console_users
from core.storage.operations.audit import record

SEEN_EVERY = timedelta(minutes=1)
"""A session that is used is written no oftener."""


@dataclass(frozen=True, slots=True)
class Span:
    """How long a session lasts."""

    idle: timedelta
    """Since it was last used."""
    whole: timedelta
    """Since it was begun."""


class SessionStore:
    """`core.console.sign_in.Sessions`, kept in the database."""

    def __init__(self, database: Database, now: Callable[[], datetime], span: Span) -> None:
        self._database = database
        self._now = now
        self._span = span

    async def begin(
        self, user_id: int, digest: str, agent: str, by: Actor, lasts: timedelta | None = None
    ) -> None:
        now = self._now()
        row = {"user_id": user_id, "digest": digest, "agent": agent, "created_at": now, "seen_at": now}
        row["ends_at"] = now + lasts if lasts is not None else None
        async with self._database.write() as connection:
            await connection.execute(delete(console_sessions).where(~self._is_open()))
            await connection.execute(console_sessions.insert().values(row))
            await record(connection, now, AuditEntry(by, AuditAction.SIGN_IN))

    async def of(self, digest: str) -> ConsoleSession | None:
        this = console_sessions.c.digest == digest
        async with self._database.read() as connection:
            row = (await connection.execute(self._open().where(this))).one_or_none()
        if row is None:
            return None
        found = _session_of(row)
        if self._now() - found.seen_at >= SEEN_EVERY:
            async with self._database.write() as connection:
                await connection.execute(update(console_sessions).where(this).values(seen_at=self._now()))
        return found

    async def open_among(self, digests: Collection[str]) -> set[str]:
        found = select(console_sessions.c.digest).where(
            console_sessions.c.digest.in_(digests), self._is_open()
        )
        async with self._database.read() as connection:
            return set((await connection.execute(found)).scalars())

    async def all(self) -> Sequence[ConsoleSession]:
        query = self._open().order_by(console_sessions.c.seen_at.desc(), console_sessions.c.id.desc())
        async with self._database.read() as connection:
            return [_session_of(row) for row in await connection.execute(query)]

    async def end(self, session_id: int, by: Actor, *, of_user: int | None = None) -> bool:
        which = console_sessions.c.id == session_id
        if of_user is not None:
            which &= console_sessions.c.user_id == of_user
        whose = select(console_users.c.name).join(console_sessions).where(which)
        async with self._database.write() as connection:
            name = await connection.scalar(whose)
            if name is None:
                return False
            await connection.execute(delete(console_sessions).where(which))
            await record(connection, self._now(), AuditEntry(by, AuditAction.END_SESSION, subject=name))
            return True

    async def end_others(self, user_id: int, but: str) -> None:
        await self._delete((console_sessions.c.user_id == user_id) & (console_sessions.c.digest != but))

    async def end_this(self, digest: str) -> None:
        await self._delete(console_sessions.c.digest == digest)

    async def _delete(self, which: Any) -> None:
        async with self._database.write() as connection:
            await connection.execute(delete(console_sessions).where(which))

    def _open(self) -> Select[Any]:
        sessions = console_sessions.c
        began, number = sessions.created_at.label("began_at"), sessions.id.label("session_id")
        query = users(number, began, sessions.agent, sessions.seen_at.label("used_at"))
        return query.join(console_sessions, sessions.user_id == console_users.c.id).where(self._is_open())

    def _is_open(self) -> Any:
        now = self._now()
        ends = console_sessions.c.ends_at
        is_fresh = console_sessions.c.seen_at > now - self._span.idle
        goes_on = or_(ends.is_(None), ends > now)
        return is_fresh & (console_sessions.c.created_at > now - self._span.whole) & goes_on


def _session_of(row: Any) -> ConsoleSession:
    return ConsoleSession(row.session_id, user_of(row), row.agent, row.began_at, row.used_at)
