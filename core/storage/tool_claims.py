"""Which calls of tools were begun: a call that comes again, to any process, is not carried out once more.

A row holds a digest and nothing of the call, so that no words of anybody lie here.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from sqlalchemy import delete

from core.storage.db import Database, insert_into, tool_calls


class ToolClaims:
    """Remembers calls, for as long as `core.storage.ops.retention` keeps them."""

    def __init__(self, database: Database, now: Callable[[], datetime]) -> None:
        self._database = database
        self._now = now

    async def claim(self, key: str) -> bool:
        """Note that a call is begun; False: it was before."""
        async with self._database.write() as connection:
            row = insert_into(connection, tool_calls).values(key=key, at=self._now()).on_conflict_do_nothing()
            return (await connection.execute(row.returning(tool_calls.c.key))).first() is not None

    async def release(self, key: str) -> None:
        """Forget a call that did nothing: it may be made again."""
        async with self._database.write() as connection:
            await connection.execute(delete(tool_calls).where(tool_calls.c.key == key))
