"""What becomes of a summary when words change that it may hold: it goes, in the same transaction, and is made anew."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import case, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.storage.db import summaries, turns


async def drop_summaries_of(connection: AsyncConnection, turn_ids: Collection[int]) -> None:
    """Drop each summary in which words of these turns may stand, and fence the one that is being made of them.

    What it covered is in the window again, as far as it fits, until the next one is made of what is left.
    """
    changed = turns.c.id.in_(turn_ids)
    here = select(turns.c.conversation_id).where(changed)
    first = select(func.min(turns.c.id)).where(
        changed, turns.c.conversation_id == summaries.c.conversation_id
    )
    may_hold = summaries.c.through_turn >= first.scalar_subquery()
    gone = {"text": "", "up_to_turn": summaries.c.from_turn, "through_turn": summaries.c.from_turn}
    values = {name: case((may_hold, new), else_=summaries.c[name]) for name, new in gone.items()}
    dropped = update(summaries).where(summaries.c.conversation_id.in_(here))
    await connection.execute(dropped.values(version=summaries.c.version + 1, **values))
