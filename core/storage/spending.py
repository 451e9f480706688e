"""What answers cost, and whose they were: counted from the rows, so right in every process."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, ScalarSelect, Select, Table, exists, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.domain import TurnState
from core.storage.db import Database, batch_is_open, batch_jobs, conversations, identities, is_open, turns
from core.storage.db import usage as usage_table


@dataclass(frozen=True, slots=True)
class Price:
    """What a million tokens cost, in USD, where AIVAX does not tell what a call cost. 0: not known."""

    prompt_usd: float = 0.0
    completion_usd: float = 0.0
    stopped_usd: float = 0.0
    """What an answer is taken to cost that was stopped before AIVAX told: who stops early pays, too."""


@dataclass(frozen=True, slots=True)
class Spender:
    """Whose spending is counted; without person and place, everybody's."""

    identity_id: int | None = None
    """A person, in any identity of theirs."""
    place: tuple[str, ...] = ()
    """A platform, a workspace of it, a channel in there: as many as matter."""


EVERYBODY = Spender()


@dataclass(frozen=True, slots=True)
class Spent:
    """What came of a spender's questions."""

    usd: float | None
    """What the answers cost, as far as it is known; None where nothing is."""
    unanswered: int
    """Questions that were taken in and have no answer yet: nothing of them is in `usd`."""


class Spending:
    """Sums within a transaction, or within a read."""

    def __init__(self, connection: AsyncConnection, price: Price) -> None:
        self._connection = connection
        self._price = price

    async def lock(self, place: tuple[str, ...]) -> None:
        """Let nobody else count what was spent in a place until the transaction ends; `()`: anywhere."""
        if self._connection.dialect.name == "postgresql":
            key = func.hashtextextended(":".join(("spent", *place)), 0)
            await self._connection.execute(select(func.pg_advisory_xact_lock(key)))

    async def identity_of(self, turn_id: int) -> int:
        """Whose question a turn answers."""
        of_turn = select(turns.c.identity_id).where(turns.c.id == turn_id)
        return int((await self._connection.execute(of_turn)).scalar_one())

    async def spent(self, spender: Spender, since: datetime, *, beside: int | None = None) -> Spent:
        """What a spender came to since then.

        With `beside`, the id of a turn, only others that run now count as unanswered.
        """
        told = _sum(_costs(spender, self._price).where(usage_table.c.created_at > since))
        stopped = _stopped(spender).where(turns.c.created_at > since).scalar_subquery()
        row = (await self._connection.execute(select(told, stopped, _unanswered(spender, beside)))).one()
        return Spent(self._usd(row[0], row[1]), row[2])

    async def rows_under_way(self, spender: Spender) -> int:
        """Rows of the spender's batches whose cost is not known yet: it is told with the result."""
        total = func.coalesce(func.sum(batch_jobs.c.total), 0)
        rows = select(total).where(batch_is_open(), *_asked_by(spender, batch_jobs))
        return int((await self._connection.execute(rows)).scalar_one())

    async def between(self, start: datetime, end: datetime) -> float:
        """What all answers cost from `start` up to `end`, as far as it is known."""
        at, asked_at = usage_table.c.created_at, turns.c.created_at
        told = _sum(_costs(EVERYBODY, self._price).where(at >= start, at < end))
        stopped = _stopped(EVERYBODY).where(asked_at >= start, asked_at < end).scalar_subquery()
        row = (await self._connection.execute(select(told, stopped))).one()
        return self._usd(row[0], row[1]) or 0.0

    def _usd(self, told: float | None, stopped: int) -> float | None:
        guessed = stopped * self._price.stopped_usd
        return told if not guessed else (told or 0.0) + guessed

    async def spent_before(self, spender: Spender, since: datetime, usd: float) -> datetime | None:
        """When, since then, the first `usd` had been spent."""
        costs = _costs(spender, self._price).where(usage_table.c.created_at > since).subquery()
        running = func.sum(costs.c.usd).over(order_by=(costs.c.created_at, costs.c.turn_id))
        rows = select(costs.c.created_at, running.label("so_far")).subquery()
        first = select(func.min(rows.c.created_at)).where(rows.c.so_far >= usd)
        at: datetime | None = await self._connection.scalar(first)
        return at


class SpendingStore:
    """Opens a read in which sums fit together."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @asynccontextmanager
    async def read(self, price: Price) -> AsyncIterator[Spending]:
        async with self._database.read() as connection:
            yield Spending(connection, price)


def identities_of(identity_id: int) -> Select[Any]:
    """All identities of the person whose identity this is."""
    person = select(identities.c.person_id).where(identities.c.id == identity_id).scalar_subquery()
    return select(identities.c.id).where(identities.c.person_id == person)


def usd_of(price: Price) -> ColumnElement[float]:
    """What AIVAX told that an answer cost, else its tokens at the operator's price, else nothing; and what calls beside
    it cost."""
    told, other = usage_table.c.credits, usage_table.c.other_usd
    if not (price.prompt_usd or price.completion_usd):
        return func.coalesce(told + other, told, other)
    prompt = usage_table.c.prompt_tokens * price.prompt_usd
    completion = usage_table.c.completion_tokens * price.completion_usd
    return func.coalesce(told, (prompt + completion) / 1_000_000) + func.coalesce(other, 0.0)


def _costs(spender: Spender, price: Price) -> Select[Any]:
    """One row for each answer: what it cost, and when. Looked up by their time: a day's answers are few."""
    costs = select(usage_table.c.turn_id, usage_table.c.created_at, usd_of(price).label("usd"))
    if spender == EVERYBODY:
        return costs
    return costs.join(turns, turns.c.id == usage_table.c.turn_id).where(*_asked_by(spender))


def _sum(costs: Select[Any]) -> ScalarSelect[Any]:
    return select(func.sum(costs.subquery().c.usd)).scalar_subquery()


def _stopped(spender: Spender) -> Select[Any]:
    """How many answers were broken off while they were written, of which no cost was told."""
    was_broken_off = turns.c.state.in_((TurnState.CANCELLED, TurnState.SUPERSEDED))
    was_begun = turns.c.attempt > turns.c.unbilled_attempts
    is_told = exists().where(usage_table.c.turn_id == turns.c.id)
    return select(func.count(turns.c.id)).where(
        was_broken_off, was_begun, ~turns.c.notice, ~is_told, *_asked_by(spender)
    )


def _unanswered(spender: Spender, beside: int | None) -> ScalarSelect[int]:
    counted = is_open() & ~turns.c.notice & turns.c.answer.is_(None)
    if beside is not None:
        counted &= (turns.c.state == TurnState.RUNNING) & (turns.c.id != beside)
    return select(func.count(turns.c.id)).where(counted, *_asked_by(spender)).scalar_subquery()


def _asked_by(spender: Spender, of: Table = turns) -> list[ColumnElement[bool]]:
    """What makes a turn, or a batch, the spender's."""
    theirs: list[ColumnElement[bool]] = []
    if spender.identity_id is not None:
        theirs.append(of.c.identity_id.in_(identities_of(spender.identity_id)))
    if spender.place:
        columns = (conversations.c.platform, conversations.c.workspace, conversations.c.channel)
        here = (column == wanted for column, wanted in zip(columns, spender.place, strict=False))
        there = select(conversations.c.id).where(conversations.c.id == of.c.conversation_id, *here)
        # looked up turn by turn: a day's turns are fewer than all conversations
        theirs.append(there.scalar_subquery().is_not(None))
    return theirs
