"""Turns that wait behind gates: one is woken to be the trial call, or all of them, a batch at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.domain.turn import TurnState
from core.storage.db.engine import Database
from core.storage.db.tables import deliveries, failures, identities, openings, turns
from core.storage.db.upsert import insert_into

IS_PARKED = turns.c.state == TurnState.PARKED


class Waking:
    """Puts parked turns back into the line, never more at once than the line is to hold."""

    def __init__(self, database: Database, now: Callable[[], datetime], *, most: int = 200) -> None:
        """`most`: how many are woken by one transaction, and how many due turns there may be before more are."""
        self._database = database
        self._now = now
        self._most = most

    async def nominate(self, gate: str, *, untried: bool) -> bool:
        """Wake the turn that is to be the next trial call; whether there was one.

        The people take turns: first those whose calls did not fail here, then those whose failed longest ago.
        With `untried`, only the former.
        """
        candidates = [_untried(gate)] if untried else [_untried(gate), _tried(gate)]
        async with self._database.write() as connection:
            for candidate in candidates:
                for waits in (self._briefly(), IS_PARKED):
                    if ids := await _ids(connection, candidate.where(waits).limit(1)):
                        await self._queue(connection, ids)
                        return True
        return False

    async def begin(self, connection: AsyncConnection, gate: str) -> None:
        """Have all that waits behind a gate woken, in batches: the first one now."""
        opened = insert_into(connection, openings).values(gate=gate)
        await connection.execute(opened.on_conflict_do_nothing())
        await self._wake(connection, gate, self._most)

    async def go_on(self) -> bool:
        """Wake the next batch behind each gate that has opened, as far as the line has room; whether any was."""
        async with self._database.read() as connection:
            gates = list((await connection.execute(select(openings.c.gate))).scalars())
        woken = False
        for gate in gates:
            async with self._database.write() as connection:
                room = self._most - await self._due(connection)
                woken = await self._wake(connection, gate, room) or woken
        return woken

    async def _wake(self, connection: AsyncConnection, gate: str, most: int) -> bool:
        if most <= 0:
            return False
        here = _waiting().where(turns.c.parked_for == gate).order_by(turns.c.id)
        ids = await _ids(connection, here.where(self._briefly()).limit(most))
        ids += await _ids(connection, here.where(IS_PARKED).limit(most - len(ids)))
        await self._queue(connection, ids)
        if not ids:  # one that another transaction holds at this instant stays for the next look
            left = select(turns.c.id).where(turns.c.parked_for == gate, IS_PARKED).limit(1)
            if (await connection.execute(left)).first() is None:
                await connection.execute(delete(openings).where(openings.c.gate == gate))
        return bool(ids)

    async def _queue(self, connection: AsyncConnection, ids: Sequence[int]) -> None:
        if not ids:
            return
        again = update(turns).where(turns.c.id.in_(ids))
        await connection.execute(again.values(state=TurnState.QUEUED, due_at=self._now()))
        # the sentence that told of the waiting stays; the answer comes as a message of its own
        await connection.execute(update(deliveries).where(deliveries.c.turn_id.in_(ids)).values(gone=True))

    async def _due(self, connection: AsyncConnection) -> int:
        due = select(turns.c.id).where(turns.c.state == TurnState.QUEUED, turns.c.due_at <= self._now())
        count = select(func.count()).select_from(due.limit(self._most).subquery())
        return (await connection.execute(count)).scalar_one()

    def _briefly(self) -> ColumnElement[bool]:
        """Back in the line, and not due yet."""
        return (turns.c.state == TurnState.QUEUED) & (turns.c.due_at > self._now())


def _untried(gate: str) -> Select[Any]:
    """What waits behind a gate of people whose calls did not fail there, in the order of asking."""
    tried = select(failures.c.person_id).where(failures.c.gate == gate)
    people = _waiting().join(identities, turns.c.identity_id == identities.c.id)
    return people.where(turns.c.parked_for == gate, identities.c.person_id.not_in(tried)).order_by(turns.c.id)


def _tried(gate: str) -> Select[Any]:
    """What waits behind a gate of the others, those first whose call failed longest ago."""
    last = (
        select(failures.c.person_id, func.max(failures.c.id).label("last"))
        .where(failures.c.gate == gate)
        .group_by(failures.c.person_id)
        .subquery()
    )
    people = _waiting().join(identities, turns.c.identity_id == identities.c.id)
    people = people.join(last, identities.c.person_id == last.c.person_id)
    return people.where(turns.c.parked_for == gate).order_by(last.c.last, turns.c.id)


def _waiting() -> Select[Any]:
    return select(turns.c.id).with_for_update(of=turns, skip_locked=True, key_share=True)


async def _ids(connection: AsyncConnection, query: Select[Any]) -> list[int]:
    return list((await connection.execute(query)).scalars())
