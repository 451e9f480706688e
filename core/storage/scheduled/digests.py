"""Digests as rows: one for each time that one is due, so that however many processes look it is made once."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from sqlalchemy import func, literal, literal_column, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.domain import ENDED, Author, Identity, Place, TurnState
from core.storage.db import (
    Database,
    Instant,
    conversations,
    digest_runs,
    insert_once,
    turns,
    usage,
)
from core.storage.personal_data.erasure import Eraser
from core.storage.turns.intake import IntakeTransaction

WHAT = "digest"
"""What a digest's cost is called in `usage` where no model's name is known with it."""
LEAST_USD = 1e-9
"""Less is no money, but how sums are rounded."""
BEGUN_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
"""When the conversation of a digest was last active: nobody spoke there, and backfill goes by who did."""


class Stage(StrEnum):
    """What `digest_runs.stage` holds."""

    FIRST = "first"
    """The digest is new: the next one is the first that is made."""
    ASKED = "asked"
    """A turn makes it."""
    SKIPPED = "skipped"
    """It came too late, or was not to be had."""
    ENDED = "ended"
    """The turn has ended, and what it said is not stored any more."""


_IS_ASKED = digest_runs.c.stage == literal_column(f"'{Stage.ASKED}'")
"""Written out: only so is its own index taken."""


@dataclass(frozen=True, slots=True)
class Run:
    """A digest that is being made."""

    name: str
    since: datetime
    until: datetime
    calls: int
    """How often the model answered for it, in all tries."""
    usd: float = 0.0
    """What those calls cost, as far as AIVAX told."""


@dataclass(frozen=True, slots=True)
class RunEnded:
    """A digest whose turn has ended."""

    id: int
    name: str
    turn_id: int | None
    state: str
    failure: str


@dataclass(frozen=True, slots=True)
class HeldRun:
    """A digest that waits for AIVAX."""

    id: int
    turn_id: int
    conversation_id: int
    due_at: datetime


@dataclass(frozen=True, slots=True)
class LastRun:
    """The newest time that a digest was due."""

    due_at: datetime
    stage: str
    calls: int
    messages: int | None
    state: str
    """Of its turn; `""`: it has none, or that is gone."""
    usd: float = 0.0


@dataclass(frozen=True, slots=True)
class Target:
    """Where a digest is posted, and in which language."""

    place: Place
    address: str
    language: str


class DigestStore:
    """The runs of all digests."""

    def __init__(self, database: Database, now: Callable[[], datetime]) -> None:
        self._database = database
        self._now = now

    async def last_due(self, name: str) -> datetime | None:
        """The newest time that was dealt with; None for a new digest."""
        newest = select(func.max(digest_runs.c.due_at)).where(digest_runs.c.name == name)
        async with self._database.read() as connection:
            found: datetime | None = (await connection.execute(newest)).scalar_one()
        return found

    async def begin(self, name: str, due: datetime) -> None:
        """Remember that a digest is new, and that the one that was due last is not made."""
        async with self._database.write() as connection:
            await self._add(connection, name, due, due, Stage.FIRST)

    async def queue(
        self, name: str, span: tuple[datetime, datetime], target: Target, capability: str
    ) -> int | None:
        """Have a digest of a span of time made; the conversation with work, None where somebody was faster."""
        since, due = span
        async with self._database.write() as connection:
            run_id = await self._add(connection, name, due, since, Stage.ASKED)
            if run_id is None:
                return None
            transaction = IntakeTransaction(connection, self._now())
            conversation_id, identity_id = await self._open(transaction, connection, name, target)
            turn_id = await transaction.add_turn(
                conversation_id, identity_id, target.address, capability=capability
            )
            await transaction.add_message(
                conversation_id, turn_id, identity_id, text=name, attachments=(), origin=""
            )
            made = update(digest_runs).where(digest_runs.c.id == run_id)
            await connection.execute(made.values(turn_id=turn_id))
            await transaction.announce(conversation_id, target.place.platform)
        return conversation_id

    async def skip(self, name: str, due: datetime, sentence: str, target: Target) -> int | None:
        """Remember that a digest is not made any more, and say so; as `queue`."""
        async with self._database.write() as connection:
            if await self._add(connection, name, due, due, Stage.SKIPPED) is None:
                return None
            transaction = IntakeTransaction(connection, self._now())
            conversation_id, identity_id = await self._open(transaction, connection, name, target)
            await transaction.add_turn(conversation_id, identity_id, target.address, notice=sentence)
            await transaction.announce(conversation_id, target.place.platform)
        return conversation_id

    async def run_of(self, turn_id: int) -> Run | None:
        """What a turn makes; None where it makes no digest."""
        columns = digest_runs.c["name", "since", "due_at", "calls", "usd"]
        async with self._database.read() as connection:
            found = select(*columns).where(digest_runs.c.turn_id == turn_id)
            row = (await connection.execute(found)).one_or_none()
        return Run(*row) if row is not None else None

    async def count_call(self, turn_id: int, usd: float) -> None:
        """The model answered once more, which cost so much: told at once, so that a crash loses none of it."""
        async with self._database.write() as connection:
            counted = update(digest_runs).where(digest_runs.c.turn_id == turn_id)
            more = {"calls": digest_runs.c.calls + 1, "usd": digest_runs.c.usd + usd}
            await connection.execute(counted.values(**more))

    async def read_messages(self, turn_id: int, count: int) -> None:
        """So many messages are summarised."""
        async with self._database.write() as connection:
            told = update(digest_runs).where(digest_runs.c.turn_id == turn_id)
            await connection.execute(told.values(messages=count))

    async def ended(self, most: int = 100) -> Sequence[RunEnded]:
        """The runs whose turn has ended, or is gone, and that were not looked at since."""
        found = (
            select(*digest_runs.c["id", "name", "turn_id"], turns.c.state, turns.c.failure)
            .outerjoin(turns, turns.c.id == digest_runs.c.turn_id)
            .where(_IS_ASKED)
            .where(or_(turns.c.id.is_(None), turns.c.state.in_(ENDED)))
            .limit(most)
        )
        async with self._database.read() as connection:
            rows = (await connection.execute(found)).all()
        return [RunEnded(row[0], row[1], row[2], row.state or "", row.failure or "") for row in rows]

    async def are_open(self) -> bool:
        """Whether the turn of any run was not seen to have ended."""
        one = select(digest_runs.c.id).where(_IS_ASKED).limit(1)
        async with self._database.read() as connection:
            return (await connection.execute(one)).first() is not None

    async def held(self, name: str, before: datetime) -> Sequence[HeldRun]:
        """The runs that were due before a moment, and that a circuit breaker holds."""
        waits = _IS_ASKED & (turns.c.state == TurnState.HELD)
        found = select(*digest_runs.c["id", "turn_id"], turns.c.conversation_id, digest_runs.c.due_at).join(
            turns, turns.c.id == digest_runs.c.turn_id
        )
        found = found.where(waits, digest_runs.c.name == name, digest_runs.c.due_at < before)
        async with self._database.read() as connection:
            rows = (await connection.execute(found)).all()
        return [HeldRun(row.id, row.turn_id, row.conversation_id, row.due_at) for row in rows]

    async def skipped(self, run_id: int) -> None:
        """It is not made any more."""
        async with self._database.write() as connection:
            await self._end(connection, [run_id], Stage.SKIPPED)

    async def let_go(self, runs: Collection[RunEnded]) -> None:
        """Empty what turns that have ended said: it tells of what people said who did not speak to the bot."""
        turn_ids = [run.turn_id for run in runs if run.turn_id is not None]
        async with self._database.write() as connection:
            await Eraser(connection).empty_derived(turn_ids)
            await self._end(connection, [run.id for run in runs], Stage.ENDED)

    async def newest(self, names: Collection[str]) -> dict[str, LastRun]:
        """The newest run of each digest that has one."""
        newest = (
            select(digest_runs.c.name, func.max(digest_runs.c.due_at).label("due_at"))
            .where(digest_runs.c.name.in_(names))
            .group_by(digest_runs.c.name)
            .subquery()
        )
        columns = digest_runs.c["name", "due_at", "stage", "calls", "messages", "usd"]
        same = (digest_runs.c.name == newest.c.name) & (digest_runs.c.due_at == newest.c.due_at)
        found = select(*columns, turns.c.state).join(newest, same)
        found = found.outerjoin(turns, turns.c.id == digest_runs.c.turn_id)
        async with self._database.read() as connection:
            rows = (await connection.execute(found)).all()
        return {
            row.name: LastRun(row.due_at, row.stage, row.calls, row.messages, row.state or "", row.usd)
            for row in rows
        }

    async def _end(self, connection: AsyncConnection, run_ids: Collection[int], stage: Stage) -> None:
        """End runs, each once, and have all that was paid for them count, whatever became of their turns."""
        ended = update(digest_runs).where(digest_runs.c.id.in_(run_ids), digest_runs.c.stage == Stage.ASKED)
        paid = ended.values(stage=stage).returning(digest_runs.c.turn_id, digest_runs.c.usd)
        for turn_id, usd in (await connection.execute(paid)).all():
            if turn_id is not None and usd:
                await self._count_rest(connection, turn_id, usd)

    async def _count_rest(self, connection: AsyncConnection, turn_id: int, usd: float) -> None:
        """Add to a turn's usage what its process could not: it was killed, or the turn ended without an answer."""
        told = usage.c.turn_id == turn_id
        counted = func.coalesce(usage.c.credits, 0.0) + func.coalesce(usage.c.other_usd, 0.0)
        rest = usd - ((await connection.execute(select(counted).where(told))).scalar_one_or_none() or 0.0)
        if rest <= LEAST_USD:
            return
        more = func.coalesce(usage.c.other_usd, 0.0) + rest
        if (await connection.execute(update(usage).where(told).values(other_usd=more))).rowcount:
            return
        names = ("turn_id", "model", "prompt_tokens", "completion_tokens", "cached_tokens")
        no_tokens = (literal(WHAT), literal(0), literal(0), literal(0))
        row = select(turns.c.id, *no_tokens, literal(rest), literal(self._now(), Instant))
        row = row.where(turns.c.id == turn_id)  # none, where retention has taken it
        await connection.execute(
            usage.insert().from_select([*names, "other_usd", "created_at"], row, include_defaults=False)
        )

    async def _add(
        self, connection: AsyncConnection, name: str, due: datetime, since: datetime, stage: Stage
    ) -> int | None:
        """The row of a time that a digest is due, unless it is there already."""
        row = {
            "name": name,
            "due_at": due,
            "since": since,
            "stage": stage,
            "calls": 0,
            "created_at": self._now(),
        }
        made = await connection.execute(insert_once(connection, digest_runs), row)
        run_id: int | None = made.scalar_one_or_none()
        return run_id

    async def _open(
        self, transaction: IntakeTransaction, connection: AsyncConnection, name: str, target: Target
    ) -> tuple[int, int]:
        """The conversation of a digest, and the identity in whose name it is made: nobody's account anywhere."""
        place, user = target.place, f"digest:{name}"
        reader = Author(Identity(place.platform, place.workspace, user), user, target.language)
        identity_id = await transaction.identity_id(reader)
        here = Place(place.platform, place.workspace, place.channel, user)
        conversation_id = await transaction.find_or_open(here, identity_id)
        quiet = update(conversations).where(conversations.c.id == conversation_id)
        await connection.execute(quiet.values(active_at=BEGUN_LONG_AGO))
        return conversation_id, identity_id


def is_failed(run: RunEnded) -> bool:
    """Whether a run ended without a digest."""
    return run.state == TurnState.FAILED
