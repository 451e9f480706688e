"""Closed gates in the database: one row each, so that all processes obey the same."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.admission.gates import Cause, Closed, Gate
from core.storage.engine import Database
from core.storage.inserting import insert_into
from core.storage.tables import deliveries, gates, turns
from core.turns.model import TurnState

TRIAL_LEASE = timedelta(minutes=5)
"""How long a trial call may take before another one is allowed: its process may have died."""


class GateStore:
    """Who may pass, and what waits behind."""

    def __init__(self, database: Database, now: Callable[[], datetime]) -> None:
        self._database = database
        self._now = now

    async def closed(self) -> Sequence[Closed]:
        """Every gate that is closed now."""
        async with self._database.read() as connection:
            return [_closed(row) for row in await connection.execute(select(gates).order_by(gates.c.since))]

    async def blocking(self, asked: Sequence[Gate], turn_id: int) -> Closed | None:
        """The first of these gates that holds the turn, or None: it may pass, as the trial call where one is due."""
        names = [gate.name for gate in asked]
        query = select(gates).where(gates.c.name.in_(names))
        async with self._database.read() as connection:  # all open: the usual case writes nothing
            if (await connection.execute(query.limit(1))).first() is None:
                return None
        async with self._database.write() as connection:
            rows = {row.name: row for row in await connection.execute(query.with_for_update())}
            for name in names:
                if name in rows and not self._may_try(rows[name], turn_id):
                    return _closed(rows[name])
            held = update(gates).where(gates.c.name.in_(rows))
            await connection.execute(held.values(trial_turn=turn_id, trial_until=self._now() + TRIAL_LEASE))
            return None

    async def close(
        self, gate: Gate, retry_at: Callable[[int], datetime], balance_usd: float | None
    ) -> Closed:
        """Close a gate, or keep a closed one closed until `retry_at(trials)`, where `trials` counts the failed ones."""
        async with self._database.write() as connection:
            found = (await connection.execute(self._row(gate).with_for_update())).one_or_none()
            if found is None:
                row = insert_into(connection, gates).values(
                    name=gate.name,
                    cause=gate.cause,
                    model=gate.model,
                    since=self._now(),
                    retry_at=retry_at(0),
                    trials=0,
                    lowest_usd=balance_usd,
                )
                await connection.execute(row.on_conflict_do_nothing())  # another may close it at this instant
                return _closed((await connection.execute(self._row(gate))).one())
            trials = found.trials + 1
            again = update(gates).where(gates.c.name == gate.name)
            await connection.execute(again.values(trials=trials, retry_at=retry_at(trials), trial_turn=None))
            return _closed((await connection.execute(self._row(gate))).one())

    async def open(self, gate: Gate) -> Sequence[int]:
        """Open a gate and queue what waits behind it, in order; the conversations that have work now."""
        async with self._database.write() as connection:
            await connection.execute(delete(gates).where(gates.c.name == gate.name))
            return await self._queue_again(connection, gate, most=None)

    async def queue_one(self, gate: Gate) -> Sequence[int]:
        """Queue the turn that has waited longest behind a gate, to be the trial call."""
        async with self._database.write() as connection:
            return await self._queue_again(connection, gate, most=1)

    async def end_trial(self, turn_id: int) -> None:
        """The trial call said nothing about these gates: another may be made at once."""
        async with self._database.write() as connection:
            held = update(gates).where(gates.c.trial_turn == turn_id)
            await connection.execute(held.values(trial_turn=None))

    async def note_balance(self, balance_usd: float) -> bool:
        """Take in a reading of the balance; whether it has risen since the balance gate closed.

        The balance is shown with a lag of minutes: a positive reading alone says nothing, a higher one does.
        """
        async with self._database.write() as connection:
            found = (await connection.execute(self._row(Gate(Cause.BALANCE)).with_for_update())).one_or_none()
            if found is None:
                return False
            if found.lowest_usd is not None and balance_usd > found.lowest_usd:
                return balance_usd > 0
            lowest = update(gates).where(gates.c.name == found.name)
            await connection.execute(lowest.values(lowest_usd=balance_usd))
            return False

    async def try_at_once(self) -> None:
        """Let each closed gate have a trial call now: a process has just started."""
        async with self._database.write() as connection:
            await connection.execute(update(gates).values(retry_at=self._now(), trial_turn=None))

    async def _queue_again(self, connection: AsyncConnection, gate: Gate, most: int | None) -> list[int]:
        waiting = (turns.c.state == TurnState.PARKED) & (turns.c.parked_for == gate.name)
        query = select(turns.c.id, turns.c.conversation_id).where(waiting).order_by(turns.c.id).limit(most)
        rows = (await connection.execute(query)).all()
        ids = [row.id for row in rows]
        again = update(turns).where(turns.c.id.in_(ids))
        await connection.execute(again.values(state=TurnState.QUEUED, due_at=self._now()))
        # the sentence that told of the waiting stays; the answer comes as a message of its own
        await connection.execute(update(deliveries).where(deliveries.c.turn_id.in_(ids)).values(gone=True))
        return list(dict.fromkeys(row.conversation_id for row in rows))

    def _may_try(self, row: Row[Any], turn_id: int) -> bool:
        if row.trial_turn is not None and row.trial_turn != turn_id and row.trial_until > self._now():
            return False
        return bool(row.retry_at <= self._now())

    def _row(self, gate: Gate) -> Any:
        return select(gates).where(gates.c.name == gate.name)


def _closed(row: Row[Any]) -> Closed:
    return Closed(Gate(Cause(row.cause), row.model), row.since, row.retry_at, row.trials, row.lowest_usd)
