"""Adds turns to the tables of their day, or takes one away again before it changes.

Counting goes forward in time, a stretch per transaction: what ended from the end of the last counted stretch up to a
moment that lies `SETTLED` back. So a turn is counted once, whichever process counts, and whatever ends in between. A
stretch that a crash interrupts was never counted.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import Executable, Integer, Select, Subquery, Table, bindparam, func, literal_column, select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.storage.db import (
    Database,
    daily_balances,
    daily_failures,
    daily_spans,
    daily_times,
    insert_in,
    insert_into,
    turns,
)
from core.storage.rollups.ended_turns import (
    GROUPS,
    Sign,
    ended_between,
    failures_of,
    group_of,
    one_turn,
    sums_of,
    times_of,
)
from core.util.time_zones import begin_of, day_in

SETTLED = timedelta(minutes=10)
"""For how long after its end a turn may still be on its way into the database: transactions and clocks that differ."""
STRETCH = timedelta(hours=2)
"""At most so much is counted in one transaction, so that a turn that wants to write hardly waits."""


class RollupStore:
    """Counts on, a stretch at a time."""

    def __init__(self, database: Database, zone: str, *, stretch: timedelta = STRETCH) -> None:
        """`zone` is the time zone that days are counted in from now on; days that are counted stay as they are."""
        self._database = database
        self._zone = zone
        self._stretch = stretch

    async def count_on(self, now: datetime) -> bool:
        """Count the next stretch; False: all that has settled is counted."""
        async with self._database.read() as connection:
            begins = await counted_until(connection) or await first_end(connection)
        if begins is None or begins >= now - SETTLED:
            return False
        async with self._database.write(many_rows=True) as connection:
            await lock_counting(connection)
            begins = await counted_until(connection) or begins
            last = await connection.scalar(select(func.max(daily_spans.c.day)))
            # never back: where the zone was changed to one further west, the last day gets longer
            day = max(day_in(begins, self._zone), last or date.min)
            ends = min(begins + self._stretch, begin_of(day + timedelta(days=1), self._zone), now - SETTLED)
            if ends > begins:  # no other process counted it meanwhile
                stretch = {"start_0": begins, "end_0": ends}
                await _add(connection, _counting(connection.dialect.name), day, stretch)
                await _extend(connection, day, begins, ends)
        return True

    async def note_balance(self, usd: float, at: datetime) -> None:
        """Keep the account's balance as the newest of its day."""
        async with self._database.write() as connection:
            row = insert_into(connection, daily_balances).values(
                day=day_in(at, self._zone), usd=usd, read_at=at
            )
            newest = {"usd": row.excluded.usd, "read_at": row.excluded.read_at}
            older = daily_balances.c.read_at < row.excluded.read_at
            await connection.execute(
                row.on_conflict_do_update(index_elements=["day"], set_=newest, where=older)
            )


async def lock_counting(connection: AsyncConnection) -> None:
    """Let nobody else count until the transaction ends."""
    if connection.dialect.name == "postgresql":
        key = func.hashtextextended("rollups", 0)
        await connection.execute(select(func.pg_advisory_xact_lock(key)))


async def counted_until(connection: AsyncConnection) -> datetime | None:
    """All that ended before is counted; None: nothing was ever counted."""
    until: datetime | None = await connection.scalar(select(func.max(daily_spans.c.ends_at)))
    return until


@asynccontextmanager
async def counted_anew(connection: AsyncConnection, turn_id: int) -> AsyncIterator[None]:
    """Change a turn that has ended, in a transaction: where it is counted, it is so as it stands afterwards."""
    await lock_counting(connection)
    await _count_one(connection, turn_id, -1)
    yield
    await _count_one(connection, turn_id, 1)


async def _count_one(connection: AsyncConnection, turn_id: int, sign: int) -> None:
    ended_at = select(turns.c.ended_at).where(turns.c.id == turn_id).scalar_subquery()
    covers = (daily_spans.c.begins_at <= ended_at) & (daily_spans.c.ends_at > ended_at)
    day = await connection.scalar(select(daily_spans.c.day).where(covers))
    if day is not None:
        await _add(connection, _correcting(connection.dialect.name), day, {"turn_id": turn_id, "sign": sign})


async def _add(
    connection: AsyncConnection, statements: Sequence[Executable], day: date, values: Mapping[str, object]
) -> None:
    for statement in statements:
        await connection.execute(statement, {"day_0": day, **values})


@cache
def _counting(dialect: str) -> Sequence[Executable]:
    """Adds the turns of a stretch of time to the tables of a day."""
    return _adding(dialect, ended_between(dialect), 1)


@cache
def _correcting(dialect: str) -> Sequence[Executable]:
    """Adds one turn, or takes it away."""
    return _adding(dialect, one_turn(dialect), bindparam("sign", type_=Integer))


def _adding(dialect: str, ended: Subquery, sign: Sign) -> Sequence[Executable]:
    statements = [
        _merging(dialect, table, group_of(ended, table, keys, sums_of(ended, sign)))
        for table, keys in GROUPS.items()
    ]
    failures, times = failures_of(ended, sign), times_of(ended, sign).subquery()
    # a condition that is always true: without one SQLite would read ON CONFLICT as part of a join
    every_time = select(times).where(literal_column("1") == literal_column("1"))
    return (
        *statements,
        _merging(dialect, daily_failures, failures),
        _merging(dialect, daily_times, every_time),
    )


def _merging(dialect: str, table: Table, query: Select[Any]) -> Executable:
    dated = query.add_columns(bindparam("day_0", type_=table.c.day.type).label("day"))
    row = insert_in(dialect, table).from_select([each.name for each in dated.selected_columns], dated)
    added = {each.name: each + row.excluded[each.name] for each in table.c if not each.primary_key}
    return row.on_conflict_do_update(index_elements=list(table.primary_key), set_=added)


async def _extend(connection: AsyncConnection, day: date, begins: datetime, ends: datetime) -> None:
    row = insert_into(connection, daily_spans).values(day=day, begins_at=begins, ends_at=ends)
    later = {"ends_at": row.excluded.ends_at}
    await connection.execute(row.on_conflict_do_update(index_elements=["day"], set_=later))


async def first_end(connection: AsyncConnection) -> datetime | None:
    """When the first turn of all ended."""
    ends = [
        await connection.scalar(
            select(turns.c.ended_at)
            .where(turns.c.ended_at.is_not(None), emptied)
            .order_by(turns.c.ended_at)
            .limit(1)
        )
        for emptied in (turns.c.emptied_at.is_(None), turns.c.emptied_at.is_not(None))
    ]
    return min((each for each in ends if each is not None), default=None)
