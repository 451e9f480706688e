"""The fence: only the newest attempt at a turn writes anything of it."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.domain import CancelRequest, Fenced, Turn, TurnState
from core.storage.db import turns


async def assert_current(connection: AsyncConnection, turn: Turn) -> CancelRequest | None:
    """Raise `Fenced` unless this attempt still holds the turn; keeps it so until the transaction ends.

    What its author wants of it comes along: see `forgets`.
    """
    row = select(turns.c.attempt, turns.c.state, turns.c.cancel_request).where(turns.c.id == turn.id)
    row = row.with_for_update(key_share=True)
    found = (await connection.execute(row)).one_or_none()
    if found is None or (found.attempt, found.state) != (turn.attempt, TurnState.RUNNING):
        raise Fenced(turn.id, turn.attempt)
    return CancelRequest(found.cancel_request) if found.cancel_request else None


def forgets(cancel_request: CancelRequest | None) -> bool:
    """Whether nothing of a turn is stored any more: it was withdrawn, or its answer was taken away."""
    return cancel_request is not None and cancel_request.forgets
