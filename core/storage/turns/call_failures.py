"""Calls that failed before any text, and what they say: an outage, or one question's own fault.

One connection's part of a transaction that `core.storage.turns.breakers` opens. The same failure of two different
people within a minute is an outage; a success refutes the failures before it, whoever had it.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, case, delete, insert, literal, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.domain import TurnState
from core.storage.db import failures, identities, turns

TOGETHER = timedelta(minutes=1)
"""Failures of different people this close together have one cause."""
KEPT = timedelta(hours=1)
BEGUN = "+"
"""Ends the kind of a failure that came after the call had been accepted: only text refutes it."""


class Failures:
    """What failed at one breaker."""

    def __init__(self, connection: AsyncConnection, breaker: str, now: datetime) -> None:
        self._connection = connection
        self._breaker = breaker
        self._now = now

    async def note(self, turn_id: int, kind: str) -> None:
        """Remember that a turn's call failed; what is older than an hour is forgotten."""
        here = failures.c.breaker == self._breaker
        await self._connection.execute(delete(failures).where(here, failures.c.at < self._now - KEPT))
        values = (
            literal(self._breaker, failures.c.breaker.type),
            literal(kind, failures.c.kind.type),
            turns.c.id,
            identities.c.person_id,
            literal(self._now, failures.c.at.type),
        )
        row = select(*values).select_from(turns.join(identities, turns.c.identity_id == identities.c.id))
        columns = ["breaker", "kind", "turn_id", "person_id", "at"]
        await self._connection.execute(
            insert(failures).from_select(columns, row.where(turns.c.id == turn_id))
        )

    async def met_by_others(self, turn_id: int, kind: str) -> bool:
        """Whether another person had the same failure within the last minute."""
        same = (failures.c.breaker == self._breaker) & (failures.c.kind == kind)
        lately = failures.c.at > self._now - TOGETHER
        found = select(failures.c.id).where(same, lately, failures.c.person_id.not_in(person_of(turn_id)))
        return (await self._connection.execute(found.limit(1))).first() is not None

    async def is_untried(self, turn_id: int) -> bool:
        """Whether none of the calls that failed here was one of the turn's author's."""
        theirs = (failures.c.breaker == self._breaker) & failures.c.person_id.in_(person_of(turn_id))
        return (await self._connection.execute(select(failures.c.id).where(theirs).limit(1))).first() is None

    async def has_its_turn(self, turn_id: int) -> bool:
        """Whether the turn's author may try: they did not fail last, or nobody else waits."""
        here = select(failures.c.person_id).where(failures.c.breaker == self._breaker)
        last = (
            await self._connection.execute(here.order_by(failures.c.id.desc()).limit(1))
        ).scalar_one_or_none()
        mine = (await self._connection.execute(person_of(turn_id))).scalar_one_or_none()
        if last is None or last != mine:
            return True
        others = (
            select(turns.c.id)
            .join(identities, turns.c.identity_id == identities.c.id)
            .where(identities.c.person_id != mine, turns.c.held_by == self._breaker)
        )
        for state in (TurnState.HELD, TurnState.QUEUED, TurnState.RUNNING):
            waiting = others.where(turns.c.state == state).limit(1)
            if (await self._connection.execute(waiting)).first() is not None:
                return False
        return True

    async def forget(self, *, said: bool) -> None:
        """A call succeeded: what failed before it was no outage. `said`: it brought text, not only a beginning."""
        await self._connection.execute(delete(failures).where(_refuted((self._breaker,), said=said)))

    async def blame(self, but: int) -> None:
        """Count what failed here in the last minute as those questions' own fault, `but` for one that succeeded."""
        recent = (failures.c.breaker == self._breaker) & (failures.c.at > self._now - TOGETHER)
        blamed = select(failures.c.turn_id).where(recent, failures.c.turn_id != but)
        # one that goes back into the line at this instant waits for the breaker that is locked here
        free = (
            select(turns.c.id).where(turns.c.id.in_(blamed)).with_for_update(skip_locked=True, key_share=True)
        )
        await self._connection.execute(_one_more_fault(self._breaker).where(turns.c.id.in_(free)))

    async def is_refuted(self, turn_id: int) -> bool:
        """Whether the turn failed here before, and somebody's call was taken since: what fails is its own."""
        if not await self.faults_of(turn_id):
            return False
        its_own = (failures.c.breaker == self._breaker) & (failures.c.turn_id == turn_id)
        return (await self._connection.execute(select(failures.c.id).where(its_own).limit(1))).first() is None

    async def faults_of(self, turn_id: int) -> int:
        """How many tries of the turn failed here by its own fault."""
        count = select(turns.c.faults).where(turns.c.id == turn_id, turns.c.faulted_for == self._breaker)
        return (await self._connection.execute(count)).scalar_one_or_none() or 0

    async def fault(self, turn_id: int) -> int:
        """Count one more try of the turn as failed by its own fault; how many there are."""
        await self._connection.execute(_one_more_fault(self._breaker).where(turns.c.id == turn_id))
        return await self.faults_of(turn_id)


def refutable(breakers: Collection[str], *, said: bool) -> Select[Any]:
    """The breakers among these at which a call failed that a success now refutes."""
    return select(failures.c.breaker).where(_refuted(breakers, said=said)).distinct()


def person_of(turn_id: int) -> Select[Any]:
    """The author of a turn."""
    person = select(identities.c.person_id).join(turns, turns.c.identity_id == identities.c.id)
    return person.where(turns.c.id == turn_id)


def _refuted(breakers: Collection[str], *, said: bool) -> ColumnElement[bool]:
    return failures.c.breaker.in_(breakers) & or_(literal(said), ~failures.c.kind.endswith(BEGUN))


def _one_more_fault(breaker: str) -> Any:
    count = case((turns.c.faulted_for == breaker, turns.c.faults + 1), else_=1)
    return update(turns).values(faults=count, faulted_for=breaker)
