"""What a press of a button below a sentence about a batch asks for, within the transaction of the press."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.storage.db import batch_jobs, batch_turns

OPEN = ("new", "running")


@dataclass(frozen=True, slots=True)
class PressedBatch:
    """A batch, as far as a press needs to know."""

    id: int
    identity_id: int
    """Who began it."""
    stage: str
    numbers: Mapping[str, int]
    total: int

    @property
    def is_open(self) -> bool:
        return self.stage in OPEN

    @property
    def has_failed(self) -> bool:
        """Whether it is done, and something of it can be tried again."""
        return can_retry(self.stage, self.numbers, self.total)


def can_retry(stage: str, numbers: Mapping[str, int], total: int) -> bool:
    """Whether a batch is done and something in it failed, which trying again may mend; not where it was cancelled."""
    return stage == "done" and numbers.get("good", 0) < total and not numbers.get("cut")


class BatchPresses:
    """Batches by the sentences that told of them."""

    def __init__(self, connection: AsyncConnection, now: datetime) -> None:
        self._connection = connection
        self._now = now

    async def of_turn(self, turn_id: int) -> PressedBatch | None:
        """The batch that a turn began, or told of; None where it is about none."""
        told = select(batch_turns.c.batch_id).where(batch_turns.c.turn_id == turn_id)
        mine = or_(
            batch_jobs.c.turn_id == turn_id,
            batch_jobs.c.result_turn == turn_id,
            batch_jobs.c.id.in_(told),
        )
        columns = batch_jobs.c["id", "identity_id", "stage", "numbers", "total"]
        row = (await self._connection.execute(select(*columns).where(mine).limit(1))).one_or_none()
        return PressedBatch(*row) if row is not None else None

    async def want(self, batch_id: int, wanted: str, stages: tuple[str, ...]) -> bool:
        """Ask whoever works on a batch for something; false where it is in none of these stages any more."""
        asked = update(batch_jobs).where(batch_jobs.c.id == batch_id, batch_jobs.c.stage.in_(stages))
        done = await self._connection.execute(asked.values(wanted=wanted, due_at=self._now))
        return bool(done.rowcount)
