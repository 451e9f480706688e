"""The fence: only the newest attempt at a turn writes anything of it."""

from __future__ import annotations

from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Select, bindparam, select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.domain import CancelRequest, Fenced, Turn, TurnState
from core.storage.db import turns


async def assert_current(connection: AsyncConnection, turn: Turn) -> CancelRequest | None:
    """Raise `Fenced` unless this attempt still holds the turn; keeps it so until the transaction ends.

    What its author wants of it comes along: see `forgets`.
    """
    found = (await connection.execute(_standing(), {"fenced": turn.id})).one_or_none()
    if found is None or (found.attempt, found.state) != (turn.attempt, TurnState.RUNNING):
        raise Fenced(turn.id, turn.attempt)
    return CancelRequest(found.cancel_request) if found.cancel_request else None


def is_current() -> ColumnElement[bool]:
    """Whether the attempt that `held_by` gives as parameters still holds its turn: for a statement that changes it."""
    is_ours = (turns.c.id == bindparam("fenced")) & (turns.c.attempt == bindparam("fenced_attempt"))
    return is_ours & (turns.c.state == TurnState.RUNNING)


def held_by(turn: Turn) -> dict[str, int]:
    """The parameters of `is_current`."""
    return {"fenced": turn.id, "fenced_attempt": turn.attempt}


@cache
def _standing() -> Select[Any]:
    row = select(turns.c.attempt, turns.c.state, turns.c.cancel_request)
    return row.where(turns.c.id == bindparam("fenced")).with_for_update(key_share=True)


def forgets(cancel_request: CancelRequest | None) -> bool:
    """Whether nothing of a turn is stored any more: it was withdrawn, or its answer was taken away."""
    return cancel_request is not None and cancel_request.forgets
