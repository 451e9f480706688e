"""Turns that breakers hold: one is released to be the probe, or all of them, a batch at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.domain import TurnState
from core.storage.db import Database, deliveries, failures, identities, insert_into, releases, turns

IS_HELD = turns.c.state == TurnState.HELD


class HeldTurnRelease:
    """Queues held turns again, never more at once than the queue is to hold."""

    def __init__(self, database: Database, now: Callable[[], datetime], *, most: int = 200) -> None:
        """`most`: how many one transaction releases, and how many due turns there may be before it releases more."""
        self._database = database
        self._now = now
        self._most = most

    async def nominate(self, breaker: str, *, untried: bool) -> bool:
        """Release the turn that is to be the next probe; whether there was one.

        The people take turns: first those whose calls did not fail here, then those whose failed longest ago.
        With `untried`, only the former.
        """
        candidates = [_unprobed(breaker)] if untried else [_unprobed(breaker), _probed(breaker)]
        async with self._database.write() as connection:
            for candidate in candidates:
                for waits in (self._is_delayed(), IS_HELD):
                    if ids := await _ids(connection, candidate.where(waits).limit(1)):
                        await self._queue(connection, ids)
                        return True
        return False

    async def begin(self, connection: AsyncConnection, breaker: str) -> None:
        """Have all that a breaker holds released, in batches: the first one now."""
        begun = insert_into(connection, releases).values(breaker=breaker)
        await connection.execute(begun.on_conflict_do_nothing())
        await self._release(connection, breaker, self._most)

    async def go_on(self) -> tuple[bool, bool]:
        """Release the next batch of each breaker that was reset, as far as the queue has room.

        Returns whether any was released, and whether there may be more.
        """
        async with self._database.read() as connection:
            breakers = list((await connection.execute(select(releases.c.breaker))).scalars())
        released = False
        for breaker in breakers:
            async with self._database.write() as connection:
                room = self._most - await self._due(connection)
                released = await self._release(connection, breaker, room) or released
        return released, bool(breakers)

    async def _release(self, connection: AsyncConnection, breaker: str, most: int) -> bool:
        if most <= 0:
            return False
        here = _waiting().where(turns.c.held_by == breaker).order_by(turns.c.id)
        ids = await _ids(connection, here.where(self._is_delayed()).limit(most))
        ids += await _ids(connection, here.where(IS_HELD).limit(most - len(ids)))
        await self._queue(connection, ids)
        if not ids:  # one that another transaction holds at this instant stays for the next look
            left = select(turns.c.id).where(turns.c.held_by == breaker, IS_HELD).limit(1)
            if (await connection.execute(left)).first() is None:
                await connection.execute(delete(releases).where(releases.c.breaker == breaker))
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

    def _is_delayed(self) -> ColumnElement[bool]:
        """In the queue, and not due yet."""
        return (turns.c.state == TurnState.QUEUED) & (turns.c.due_at > self._now())


def _unprobed(breaker: str) -> Select[Any]:
    """What a breaker holds of people whose calls did not fail there, in the order of asking."""
    tried = select(failures.c.person_id).where(failures.c.breaker == breaker)
    people = _waiting().join(identities, turns.c.identity_id == identities.c.id)
    return people.where(turns.c.held_by == breaker, identities.c.person_id.not_in(tried)).order_by(turns.c.id)


def _probed(breaker: str) -> Select[Any]:
    """What a breaker holds of the others, those first whose call failed longest ago."""
    last = (
        select(failures.c.person_id, func.max(failures.c.id).label("last"))
        .where(failures.c.breaker == breaker)
        .group_by(failures.c.person_id)
        .subquery()
    )
    people = _waiting().join(identities, turns.c.identity_id == identities.c.id)
    people = people.join(last, identities.c.person_id == last.c.person_id)
    return people.where(turns.c.held_by == breaker).order_by(last.c.last, turns.c.id)


def _waiting() -> Select[Any]:
    return select(turns.c.id).with_for_update(of=turns, skip_locked=True, key_share=True)


async def _ids(connection: AsyncConnection, query: Select[Any]) -> list[int]:
    return list((await connection.execute(query)).scalars())
