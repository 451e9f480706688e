"""Tripped circuit breakers in the database: one row each, so that all processes obey the same."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import Row, Select, bindparam, delete, exists, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.domain import (
    CONFIRMS,
    PROBE_S,
    Breaker,
    CancelRequest,
    Cause,
    Fault,
    Passage,
    StorageError,
    Tripped,
)
from core.storage.db import Database, alerts, breakers, failures, insert_into, releases, turns
from core.storage.turns.call_failures import BEGUN, Failures, refutable
from core.storage.turns.release import HeldTurnRelease

PROBE = timedelta(seconds=PROBE_S)
GRACE = timedelta(seconds=15)
"""How long a probe that is due is left to somebody else than the person whose call failed last."""
MOMENT = timedelta(seconds=1)
LOCK = 4_207_849_485
"""Our name for PostgreSQL's advisory lock: two failures at one instant see each other. SQLite has one writer anyway."""

RetryAt = Callable[[int], datetime]
"""When to try again, by the number of probes that failed."""


class BreakerStore:
    """Who may pass, and what a failure means."""

    def __init__(
        self, database: Database, now: Callable[[], datetime], release: HeldTurnRelease | None = None
    ) -> None:
        self._database = database
        self._now = now
        self._release = release or HeldTurnRelease(database, now)

    async def tripped(self) -> Sequence[Tripped]:
        """Every breaker that is tripped now."""
        async with self._database.read() as connection:
            rows = await connection.execute(select(breakers).order_by(breakers.c.since))
            return [self._tripped(row) for row in rows]

    async def is_quiet(self) -> bool:
        """Whether nothing that the next call could heal is known: no tripped breaker, no failure, no alert.

        False also where that can't be read: then each is asked by itself, and alerts cost nobody an answer.
        """
        return await self._is_known_empty(_unquiet())

    async def are_at_rest(self) -> bool:
        """Whether there is nothing to look after: no tripped breaker, no turn to release, no alert that goes on.

        False also where that can't be read.
        """
        return await self._is_known_empty(_restless())

    async def passage(self, asked: Sequence[Breaker], turn_id: int) -> Passage:
        """Whether the turn may pass these breakers, as the probe of those where one is due."""
        names = [breaker.name for breaker in asked]
        async with self._database.read() as connection:  # none tripped: the usual case writes nothing
            found = (await connection.execute(_passing(), {"turn": turn_id, "names": names})).one_or_none()
        wanted = CancelRequest(found.cancel_request) if found and found.cancel_request else None
        if found is None or not found.is_tripped:
            return Passage(cancel_request=wanted)
        query = select(breakers).where(breakers.c.name.in_(names))
        async with self._database.write() as connection:
            locked = query.order_by(breakers.c.name).with_for_update()
            rows = {row.name: row for row in await connection.execute(locked)}
            for name in names:
                if name in rows and not await self._may_probe(connection, rows[name], turn_id):
                    return Passage(self._held(rows[name]), cancel_request=wanted)
            for row in rows.values():
                await self._begin_probe(connection, row, turn_id)
            return Passage(is_probe=bool(rows), cancel_request=wanted)

    async def trip(self, breaker: Breaker, retry_at: RetryAt, balance_usd: float | None) -> Tripped:
        """Trip a breaker; one that is tripped already stays as it is."""
        async with self._database.write() as connection:
            return await self._trip(connection, breaker, retry_at, balance_usd)

    async def refuse(
        self,
        breaker: Breaker,
        turn_id: int,
        kind: str,
        retry_at: RetryAt,
        *,
        suspect: bool,
        balance_usd: float | None = None,
        told: str = "",
    ) -> Tripped | Fault:
        """Take in that a turn's call failed: the breaker that is tripped then, or the turn's own fault.

        A failure trips the breaker at once unless it is `suspect`, or the turn was contradicted before: then another
        person must have had the same within a minute. A question that fails again although others' calls were taken
        meanwhile is no evidence at all. Where it is tripped, only the probe's failure counts. `told` is what operators
        are to hear that the service said.
        """
        async with self._database.write() as connection:
            await self._alone(connection)
            failures = Failures(connection, breaker.name, self._now())
            found = await self._row(connection, breaker)
            if found is None and suspect and await failures.is_refuted(turn_id):
                return Fault(breaker, await failures.fault(turn_id))
            met = await failures.met_by_others(turn_id, kind)
            await failures.note(turn_id, kind)
            if found is not None:
                return await self._fail_probe(connection, found, turn_id, retry_at)
            was_alone = breaker.cause is not Cause.MEDIA and await failures.faults_of(turn_id) > 0
            if not met and (suspect or was_alone):
                return Fault(breaker, await failures.fault(turn_id))
            confirms = CONFIRMS if suspect else 0
            more: dict[str, str | int] = {"kind": kind, "confirms": confirms, "told": told}
            return await self._trip(connection, breaker, retry_at, balance_usd, **more)

    async def reset(self, breaker: Breaker) -> None:
        """Reset a breaker and release the turns that it held, in order and in batches."""
        async with self._database.write() as connection:
            await self._reset(connection, breaker, said=True)

    async def taken(self, asked: Sequence[Breaker], turn_id: int, *, said: bool) -> Sequence[Breaker]:
        """A turn's call was taken: what failed before was no outage. The breakers that this reset.

        Until text is `said`, failures that came after a call had been taken are not contradicted.
        """
        names = [breaker.name for breaker in asked if breaker.cause is not Cause.PAUSE]
        shut = select(breakers.c.name, breakers.c.kind).where(breakers.c.name.in_(names))
        async with self._database.read() as connection:
            tripped = {row.name for row in await connection.execute(shut) if said or not _is_late(row.kind)}
            failed = set((await connection.execute(refutable(names, said=said))).scalars())
        if not tripped | failed:
            return ()
        async with self._database.write() as connection:
            for breaker in asked:
                if breaker.name in tripped:
                    await self._contradict(connection, breaker, turn_id)
                    await self._reset(connection, breaker, said=said)
                elif breaker.name in failed:
                    await Failures(connection, breaker.name, self._now()).forget(said=said)
        return [breaker for breaker in asked if breaker.name in tripped]

    async def end_probe(self, turn_id: int, *, called: bool) -> bool:
        """The probe said nothing about these breakers. Another may be made at once, unless it `called`: then in time.

        Returns whether it was one.
        """
        again = {} if called else {"retry_at": self._now()}
        async with self._database.write() as connection:
            held = update(breakers).where(breakers.c.probe_turn == turn_id)
            ended = await connection.execute(held.values(probe_turn=None, **again))
            return ended.rowcount > 0

    async def hint(self, breaker: Breaker) -> bool:
        """Take in a sign of recovery: a probe may be made now, in place of the next one. Whether it may.

        So there are no more of them than without signs, however often those are wrong. One that is under way is not
        waited for: begun before the sign, it may hang.
        """
        async with self._database.write() as connection:
            found = await self._row(connection, breaker)
            now = self._now()
            if (
                found is None
                or found.retry_at <= now
                or (found.hinted_at is not None and found.hinted_at > now)
            ):
                return False
            taken = min(found.retry_at, now + PROBE)  # a server may have asked for a longer wait
            hinted = update(breakers).where(breakers.c.name == breaker.name)
            await connection.execute(hinted.values(retry_at=now, hinted_at=taken))
            return True

    async def note_balance(self, balance_usd: float) -> bool:
        """Take in a reading of the balance; whether it has risen since the balance breaker tripped.

        The balance is shown with a lag of minutes: a positive reading alone says nothing, a higher one does.
        """
        async with self._database.write() as connection:
            found = await self._row(connection, Breaker(Cause.BALANCE))
            if found is None:
                return False
            if found.lowest_usd is not None and balance_usd > found.lowest_usd:
                return balance_usd > 0
            lowest = update(breakers).where(breakers.c.name == found.name)
            await connection.execute(lowest.values(lowest_usd=balance_usd))
            return False

    async def probe_at_once(self) -> None:
        """Let each tripped breaker have a probe now: a process has just started, or the clock was set back.

        A pause outlasts that.
        """
        probed = update(breakers).where(breakers.c.cause != Cause.PAUSE)
        async with self._database.write() as connection:
            now = self._now()
            await connection.execute(probed.values(retry_at=now, probe_turn=None, hinted_at=None))

    async def _is_known_empty(self, any_rows: Select[Any]) -> bool:
        try:
            async with self._database.read() as connection:
                return not (await connection.execute(any_rows)).scalar_one()
        except StorageError:
            return False

    async def _trip(
        self,
        connection: AsyncConnection,
        breaker: Breaker,
        retry_at: RetryAt,
        balance_usd: float | None,
        **more: str | int,
    ) -> Tripped:
        row = insert_into(connection, breakers).values(
            name=breaker.name,
            cause=breaker.cause,
            model=breaker.model,
            since=self._now(),
            retry_at=retry_at(0),
            probes=0,
            lowest_usd=balance_usd,
            **{"kind": "", **more},
        )
        # another may trip it at this instant
        first = await connection.execute(row.on_conflict_do_nothing().returning(breakers.c.name))
        is_new = first.first() is not None
        await connection.execute(delete(releases).where(releases.c.breaker == breaker.name))
        tripped = await connection.execute(select(breakers).where(breakers.c.name == breaker.name))
        return replace(self._tripped(tripped.one()), is_new=is_new)

    async def _fail_probe(
        self, connection: AsyncConnection, found: Row[Any], turn_id: int, retry_at: RetryAt
    ) -> Tripped:
        """Lengthen the pause if the failed call was the probe; others only meet the same outage."""
        if found.probe_turn != turn_id:
            return self._held(found)
        probes = found.probes + (found.confirms == 0)
        wanted = retry_at(probes)
        if found.cause == Cause.OUTAGE:
            wanted = max(found.retry_at, retry_at(probes or 1))
        again = update(breakers).where(breakers.c.name == found.name)
        await connection.execute(again.values(probes=probes, retry_at=wanted, probe_turn=None))
        row = await connection.execute(select(breakers).where(breakers.c.name == found.name))
        return self._held(row.one())

    async def _reset(self, connection: AsyncConnection, breaker: Breaker, *, said: bool) -> None:
        await connection.execute(delete(breakers).where(breakers.c.name == breaker.name))
        await Failures(connection, breaker.name, self._now()).forget(said=said)
        await self._release.begin(connection, breaker.name)

    async def _contradict(self, connection: AsyncConnection, breaker: Breaker, turn_id: int) -> None:
        """Blame those whose failure tripped a breaker that the first other call passes."""
        found = await self._row(connection, breaker)
        if found is None or found.probes or (breaker.cause is Cause.OUTAGE and found.retry_at <= self._now()):
            return
        if breaker.cause is not Cause.OUTAGE or found.kind:
            await Failures(connection, breaker.name, self._now()).blame(but=turn_id)

    async def _may_probe(self, connection: AsyncConnection, row: Row[Any], turn_id: int) -> bool:
        if row.cause == Cause.PAUSE:
            return False
        if row.probe_turn == turn_id:
            return True
        failures = Failures(connection, row.name, self._now())
        if row.retry_at <= self._now():
            return self._now() - row.retry_at > GRACE or await failures.has_its_turn(turn_id)
        return row.probe_turn is None and row.confirms > 0 and await failures.is_untried(turn_id)

    async def _begin_probe(self, connection: AsyncConnection, row: Row[Any], turn_id: int) -> None:
        if row.probe_turn == turn_id:
            return
        begun = {"confirms": row.confirms - 1}
        if row.retry_at <= self._now():
            now = self._now()
            taken = (
                row.hinted_at if row.hinted_at is not None else now
            )  # by an earlier sign: the next one is after it
            begun = {"confirms": 0, "retry_at": max(now, taken) + PROBE}
        await connection.execute(
            update(breakers).where(breakers.c.name == row.name).values(probe_turn=turn_id, **begun)
        )

    async def _row(self, connection: AsyncConnection, breaker: Breaker) -> Row[Any] | None:
        query = select(breakers).where(breakers.c.name == breaker.name).with_for_update()
        return (await connection.execute(query)).one_or_none()

    async def _alone(self, connection: AsyncConnection) -> None:
        if not self._database.is_sqlite:
            await connection.execute(select(func.pg_advisory_xact_lock(LOCK)))

    def _held(self, row: Row[Any]) -> Tripped:
        """The breaker as it is told to who is held: to come back now would be to come in vain."""
        tripped = self._tripped(row)
        return replace(tripped, retry_at=max(tripped.retry_at, self._now() + MOMENT))

    def _tripped(self, row: Row[Any]) -> Tripped:
        is_tried = row.probe_turn is not None and row.retry_at > self._now()
        breaker = Breaker(Cause(row.cause), row.model)
        return Tripped(
            breaker,
            row.since,
            row.retry_at,
            row.probes,
            row.lowest_usd,
            is_tried,
            row.confirms,
            told=row.told or "",
            sentence=row.sentence or "",
        )


@cache
def _passing() -> Select[Any]:
    tripped = exists().where(breakers.c.name.in_(bindparam("names", expanding=True)))
    return select(turns.c.cancel_request, tripped.label("is_tripped")).where(turns.c.id == bindparam("turn"))


@cache
def _unquiet() -> Select[Any]:
    return select(or_(*(exists().select_from(table) for table in (breakers, failures, alerts))))


@cache
def _restless() -> Select[Any]:
    return select(or_(*(exists().select_from(table) for table in (breakers, releases, alerts))))


def _is_late(kind: str | None) -> bool:
    return kind is not None and kind.endswith(BEGUN)
