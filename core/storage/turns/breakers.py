"""Closed gates in the database: one row each, so that all processes obey the same."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.domain.breakers import CONFIRMS, TRIAL_S, Cause, Closed, Fault, Gate, Passage
from core.storage.db.engine import Database
from core.storage.db.tables import gates, openings
from core.storage.db.upsert import insert_into
from core.storage.turns.call_failures import BEGUN, Failures, refutable
from core.storage.turns.release import Waking

TRIAL = timedelta(seconds=TRIAL_S)
GRACE = timedelta(seconds=15)
"""How long a trial call that is due is left to somebody else than the person whose call failed last."""
MOMENT = timedelta(seconds=1)
HINTS_APART = timedelta(seconds=60)
LOCK = 4_207_849_485
"""Our name for PostgreSQL's advisory lock: two failures at one instant see each other. SQLite has one writer anyway."""

RetryAt = Callable[[int], datetime]
"""When to try again, by the number of trial calls that failed."""


class GateStore:
    """Who may pass, and what a failure means."""

    def __init__(self, database: Database, now: Callable[[], datetime], waking: Waking | None = None) -> None:
        self._database = database
        self._now = now
        self._waking = waking or Waking(database, now)

    async def closed(self) -> Sequence[Closed]:
        """Every gate that is closed now."""
        async with self._database.read() as connection:
            rows = await connection.execute(select(gates).order_by(gates.c.since))
            return [self._closed(row) for row in rows]

    async def is_any_closed(self) -> bool:
        """Whether there is anything to ask the gates."""
        async with self._database.read() as connection:
            return (await connection.execute(select(gates.c.name).limit(1))).first() is not None

    async def passage(self, asked: Sequence[Gate], turn_id: int) -> Passage:
        """Whether the turn may pass these gates, as the trial call of those where one is due."""
        names = [gate.name for gate in asked]
        query = select(gates).where(gates.c.name.in_(names))
        async with self._database.read() as connection:  # all open: the usual case writes nothing
            if (await connection.execute(query.limit(1))).first() is None:
                return Passage()
        async with self._database.write() as connection:
            locked = query.order_by(gates.c.name).with_for_update()
            rows = {row.name: row for row in await connection.execute(locked)}
            for name in names:
                if name in rows and not await self._may_try(connection, rows[name], turn_id):
                    return Passage(self._held(rows[name]))
            for row in rows.values():
                await self._begin_trial(connection, row, turn_id)
            return Passage(is_probe=bool(rows))

    async def close(self, gate: Gate, retry_at: RetryAt, balance_usd: float | None) -> Closed:
        """Close a gate; one that is closed already stays as it is."""
        async with self._database.write() as connection:
            return await self._close(connection, gate, retry_at, balance_usd)

    async def refuse(
        self,
        gate: Gate,
        turn_id: int,
        kind: str,
        retry_at: RetryAt,
        *,
        suspect: bool,
        balance_usd: float | None = None,
    ) -> Closed | Fault:
        """Take in that a turn's call failed: the gate that is closed then, or the turn's own fault.

        A failure closes the gate at once unless it is `suspect`, or the turn was contradicted before: then another
        person must have had the same within a minute. A question that fails again although others' calls were taken
        meanwhile is no evidence at all. Where it is closed, only the trial call's failure counts.
        """
        async with self._database.write() as connection:
            await self._alone(connection)
            failures = Failures(connection, gate.name, self._now())
            found = await self._row(connection, gate)
            if found is None and suspect and await failures.is_refuted(turn_id):
                return Fault(gate, await failures.fault(turn_id))
            met = await failures.met_by_others(turn_id, kind)
            await failures.note(turn_id, kind)
            if found is not None:
                return await self._fail_trial(connection, found, turn_id, retry_at)
            was_alone = gate.cause is not Cause.MEDIA and await failures.faults_of(turn_id) > 0
            if not met and (suspect or was_alone):
                return Fault(gate, await failures.fault(turn_id))
            confirms = CONFIRMS if suspect else 0
            return await self._close(connection, gate, retry_at, balance_usd, kind=kind, confirms=confirms)

    async def open(self, gate: Gate) -> None:
        """Open a gate and wake what waits behind it, in order and in batches."""
        async with self._database.write() as connection:
            await self._open(connection, gate, said=True)

    async def taken(self, asked: Sequence[Gate], turn_id: int, *, said: bool) -> Sequence[Gate]:
        """A turn's call was taken: what failed before was no outage. The gates that this opened.

        Until text is `said`, failures that came after a call had been taken are not contradicted.
        """
        names = [gate.name for gate in asked]
        shut = select(gates.c.name, gates.c.kind).where(gates.c.name.in_(names))
        async with self._database.read() as connection:
            closed = {row.name for row in await connection.execute(shut) if said or not _is_late(row.kind)}
            failed = set((await connection.execute(refutable(names, said=said))).scalars())
        if not closed | failed:
            return ()
        async with self._database.write() as connection:
            for gate in asked:
                if gate.name in closed:
                    await self._contradict(connection, gate, turn_id)
                    await self._open(connection, gate, said=said)
                elif gate.name in failed:
                    await Failures(connection, gate.name, self._now()).forget(said=said)
        return [gate for gate in asked if gate.name in closed]

    async def end_trial(self, turn_id: int) -> bool:
        """The trial call said nothing about these gates: another may be made at once. Whether it was one."""
        async with self._database.write() as connection:
            held = update(gates).where(gates.c.trial_turn == turn_id)
            ended = await connection.execute(held.values(trial_turn=None, retry_at=self._now()))
            return ended.rowcount > 0

    async def hint(self, gate: Gate) -> bool:
        """Take in a sign of recovery: a trial call may be made now, unless one is or a sign was wrong lately."""
        early = self._now() - HINTS_APART
        wrong_lately = gates.c.hinted_at.is_not(None) & (gates.c.hinted_at > early)
        async with self._database.write() as connection:
            hinted = update(gates).where(
                gates.c.name == gate.name, gates.c.retry_at > self._now(), ~wrong_lately
            )
            hinted = hinted.where(gates.c.trial_turn.is_(None))
            now = self._now()
            return (await connection.execute(hinted.values(retry_at=now, hinted_at=now))).rowcount > 0

    async def note_balance(self, balance_usd: float) -> bool:
        """Take in a reading of the balance; whether it has risen since the balance gate closed.

        The balance is shown with a lag of minutes: a positive reading alone says nothing, a higher one does.
        """
        async with self._database.write() as connection:
            found = await self._row(connection, Gate(Cause.BALANCE))
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

    async def _close(
        self,
        connection: AsyncConnection,
        gate: Gate,
        retry_at: RetryAt,
        balance_usd: float | None,
        *,
        kind: str = "",
        confirms: int = 0,
    ) -> Closed:
        row = insert_into(connection, gates).values(
            name=gate.name,
            cause=gate.cause,
            model=gate.model,
            since=self._now(),
            retry_at=retry_at(0),
            trials=0,
            lowest_usd=balance_usd,
            kind=kind,
            confirms=confirms,
        )
        # another may close it at this instant
        first = await connection.execute(row.on_conflict_do_nothing().returning(gates.c.name))
        is_new = first.first() is not None
        await connection.execute(delete(openings).where(openings.c.gate == gate.name))
        closed = await connection.execute(select(gates).where(gates.c.name == gate.name))
        return replace(self._closed(closed.one()), is_new=is_new)

    async def _fail_trial(
        self, connection: AsyncConnection, found: Row[Any], turn_id: int, retry_at: RetryAt
    ) -> Closed:
        """Lengthen the pause if the failed call was the trial; others only meet the same outage."""
        if found.trial_turn != turn_id:
            return self._held(found)
        trials = found.trials + (found.confirms == 0)
        wanted = retry_at(trials)
        if found.cause == Cause.OUTAGE:
            wanted = max(found.retry_at, retry_at(trials or 1))
        again = update(gates).where(gates.c.name == found.name)
        await connection.execute(again.values(trials=trials, retry_at=wanted, trial_turn=None))
        row = await connection.execute(select(gates).where(gates.c.name == found.name))
        return self._held(row.one())

    async def _open(self, connection: AsyncConnection, gate: Gate, *, said: bool) -> None:
        await connection.execute(delete(gates).where(gates.c.name == gate.name))
        await Failures(connection, gate.name, self._now()).forget(said=said)
        await self._waking.begin(connection, gate.name)

    async def _contradict(self, connection: AsyncConnection, gate: Gate, turn_id: int) -> None:
        """Blame those whose failure closed a gate that the first other call passes."""
        found = await self._row(connection, gate)
        if found is None or found.trials or (gate.cause is Cause.OUTAGE and found.retry_at <= self._now()):
            return
        if gate.cause is not Cause.OUTAGE or found.kind:
            await Failures(connection, gate.name, self._now()).blame(but=turn_id)

    async def _may_try(self, connection: AsyncConnection, row: Row[Any], turn_id: int) -> bool:
        if row.trial_turn == turn_id:
            return True
        failures = Failures(connection, row.name, self._now())
        if row.retry_at <= self._now():
            return self._now() - row.retry_at > GRACE or await failures.has_its_turn(turn_id)
        return row.trial_turn is None and row.confirms > 0 and await failures.is_untried(turn_id)

    async def _begin_trial(self, connection: AsyncConnection, row: Row[Any], turn_id: int) -> None:
        if row.trial_turn == turn_id:
            return
        begun = {"confirms": row.confirms - 1}
        if row.retry_at <= self._now():
            begun = {"confirms": 0, "retry_at": self._now() + TRIAL}
        await connection.execute(
            update(gates).where(gates.c.name == row.name).values(trial_turn=turn_id, **begun)
        )

    async def _row(self, connection: AsyncConnection, gate: Gate) -> Row[Any] | None:
        query = select(gates).where(gates.c.name == gate.name).with_for_update()
        return (await connection.execute(query)).one_or_none()

    async def _alone(self, connection: AsyncConnection) -> None:
        if not self._database.is_sqlite:
            await connection.execute(select(func.pg_advisory_xact_lock(LOCK)))

    def _held(self, row: Row[Any]) -> Closed:
        """The gate as it is told to who is held: to come back now would be to come in vain."""
        closed = self._closed(row)
        return replace(closed, retry_at=max(closed.retry_at, self._now() + MOMENT))

    def _closed(self, row: Row[Any]) -> Closed:
        is_tried = row.trial_turn is not None and row.retry_at > self._now()
        gate = Gate(Cause(row.cause), row.model)
        return Closed(gate, row.since, row.retry_at, row.trials, row.lowest_usd, is_tried, row.confirms)


def _is_late(kind: str | None) -> bool:
    return kind is not None and kind.endswith(BEGUN)
