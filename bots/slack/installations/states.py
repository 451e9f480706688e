"""The states of installations under way: each is good once, for ten minutes. Only their digests are stored."""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta

from sqlalchemy import delete, insert

from bots.slack.installations.store import Now
from bots.slack.installations.tables import states as table
from core.storage.engine import Database

GOOD_FOR = timedelta(minutes=10)


class States:
    """Hands out states, and takes each back once."""

    def __init__(self, database: Database, now: Now) -> None:
        self._database = database
        self._now = now

    async def issue(self) -> str:
        """Make a new state; those that are over go."""
        state, now = secrets.token_urlsafe(32), self._now()
        async with self._database.write() as connection:
            await connection.execute(delete(table).where(table.c.expires_at <= now))
            await connection.execute(insert(table).values(digest=_digest(state), expires_at=now + GOOD_FOR))
        return state

    async def consume(self, state: str) -> bool:
        """Use a state up; False where it is none, is over, or was used before."""
        good = delete(table).where(table.c.digest == _digest(state), table.c.expires_at > self._now())
        async with self._database.write() as connection:
            return (await connection.execute(good)).rowcount > 0


def _digest(state: str) -> str:
    return hashlib.sha256(state.encode(errors="replace")).hexdigest()
