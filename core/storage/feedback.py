"""What people think of answers."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.storage.db import feedback, insert_into, messages


class Feedbacks:
    """Keeps opinions, within a transaction."""

    def __init__(self, connection: AsyncConnection, now: datetime) -> None:
        self._connection = connection
        self._now = now

    async def keep(self, turn_id: int, identity_id: int, *, good: bool, comment: str) -> None:
        """Store what a person thinks of an answer, the newest alone.

        A comment that was given stays when the same opinion comes again without one.
        """
        row = insert_into(self._connection, feedback).values(
            turn_id=turn_id, identity_id=identity_id, good=good, comment=comment, at=self._now
        )
        newer = {"good": good, "at": self._now} | ({"comment": comment} if comment or good else {})
        key = ["turn_id", "identity_id"]
        await self._connection.execute(row.on_conflict_do_update(index_elements=key, set_=newer))

    async def words_of(self, turn_id: int) -> tuple[str, str]:
        """The question and the answer of a turn, as far as they are stored."""
        found = await self._connection.execute(
            select(messages.c.role, messages.c.text)
            .where(messages.c.turn_id == turn_id)
            .order_by(messages.c.id)
        )
        said: dict[str, list[str]] = {"user": [], "assistant": []}
        for role, text in found:
            said[role].append(text)
        return "\n\n".join(filter(None, said["user"])), "\n\n".join(filter(None, said["assistant"]))
