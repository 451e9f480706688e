"""What people think of answers, stored with the turn."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from core.storage.db import feedback, insert_into


class Feedback:
    """Keeps one opinion per person and answer: the newest."""

    def __init__(self, connection: AsyncConnection, now: datetime) -> None:
        self._connection = connection
        self._now = now

    async def keep(self, turn_id: int, identity_id: int, *, good: bool, comment: str) -> None:
        """Store it; a comment that was given stays when the same opinion comes again without one."""
        row = insert_into(self._connection, feedback).values(
            turn_id=turn_id, identity_id=identity_id, good=good, comment=comment, at=self._now
        )
        newer = {"good": good, "at": self._now} | ({"comment": comment} if comment or good else {})
        await self._connection.execute(
            row.on_conflict_do_update(index_elements=["turn_id", "identity_id"], set_=newer)
        )
