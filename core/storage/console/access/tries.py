"""Wrong tries to sign in to the console: counted in the database, so that a restart or another process forgets none."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from sqlalchemy import delete, func, select

from core.storage.db import Database, console_tries


class TryStore:
    """`core.console.sign_in.Tries`, kept in the database."""

    def __init__(self, database: Database, now: Callable[[], datetime]) -> None:
        self._database = database
        self._now = now

    async def take(self, keys: Sequence[str], most: int, span_s: float) -> float:
        now, span = self._now(), timedelta(seconds=span_s)
        key, at = console_tries.c.key, console_tries.c.at
        async with self._database.write() as connection:
            if connection.dialect.name == "postgresql":  # one after the other; SQLite has one writer anyway
                lock = func.pg_advisory_xact_lock(func.hashtextextended("console_tries", 0))
                await connection.execute(select(lock))
            await connection.execute(delete(console_tries).where(at <= now - span))
            counted = select(key, func.count(), func.min(at)).where(key.in_(keys)).group_by(key)
            rows = (await connection.execute(counted)).all()
            waits: list[float] = [
                (oldest + span - now).total_seconds() for _, count, oldest in rows if count >= most
            ]
            if waits:
                return max([1.0, *waits])
            new = [{"key": each, "at": now} for each in keys]
            await connection.execute(console_tries.insert(), new)
            return 0.0

    async def forgive(self, keys: Sequence[str]) -> None:
        async with self._database.write() as connection:
            await connection.execute(delete(console_tries).where(console_tries.c.key.in_(keys)))
