"""What is stored of batches: each is worked on by whoever owns it, for as long as they say."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.domain import ENDED, Action, BotError, Place, Turn
from core.storage.batch_presses import OPEN, BatchPresses
from core.storage.db import (
    Database,
    batch_jobs,
    batch_turns,
    conversations,
    identities,
    insert_once,
    lock_conversations,
    outlast,
    persons,
    reader_locale,
    turns,
)
from core.storage.turns.intake import IntakeTransaction


class BatchTakenOver(BotError):
    """Somebody else works on the batch now: whoever did before changes nothing more of it."""


@dataclass(frozen=True, slots=True)
class StoredBatch:
    """A batch as it is stored."""

    id: int
    identity_id: int
    conversation_id: int
    place: Place
    locale: str
    owner: str
    address: str
    sheet: str = field(repr=False)
    title: str
    form: str
    stage: str
    wanted: str
    workflow: str
    job: str
    numbers: Mapping[str, int]
    total: int
    ended: int
    told_percent: int
    told_pause: str
    created_at: datetime
    ended_at: datetime | None


class BatchStore:
    """The batches of all people."""

    def __init__(self, database: Database, now: Callable[[], datetime]) -> None:
        self._database = database
        self._now = now

    async def add(self, turn: Turn, form: str, sheet: str, total: int, *, most: int) -> bool:
        """Remember a batch before anything of it is done; once for each turn, however often that is begun.

        False where the turn's author has `most` under way already.
        """
        return await outlast(lambda: self._add(turn, form, sheet, total, most))

    async def _add(self, turn: Turn, form: str, sheet: str, total: int, most: int) -> bool:
        async with self._database.write() as connection:
            own = select(identities.c.id, identities.c.person_id).join(turns).where(turns.c.id == turn.id)
            mine = (await connection.execute(own)).one()
            person = select(persons.c.id).where(persons.c.id == mine.person_id)
            await connection.execute(person.with_for_update(key_share=True))
            theirs = batch_jobs.c.identity_id.in_(
                select(identities.c.id).where(identities.c.person_id == mine.person_id)
            )
            others = theirs & batch_jobs.c.stage.in_(OPEN) & (batch_jobs.c.turn_id != turn.id)
            count = select(func.count()).select_from(batch_jobs).where(others)
            if int((await connection.execute(count)).scalar_one()) >= most:
                return False
            row: dict[str, Any] = {
                "turn_id": turn.id,
                "identity_id": mine.id,
                "conversation_id": turn.conversation_id,
                "title": f"aivax-bots {turn.key}",
                "form": form,
                "stage": "new",
                "address": turn.address,
                "sheet": sheet,
                "numbers": {},
                "total": total,
                "owned_until": self._now(),
                "due_at": self._now(),
                "created_at": self._now(),
            }
            blank = dict.fromkeys(("wanted", "workflow", "job", "told_pause", "owner"), "")
            row |= blank | {"result": b"", "ended": 0, "told_percent": 0}
            await connection.execute(insert_once(connection, batch_jobs), row)
        return True

    async def newest_of(self, turn: Turn) -> StoredBatch | None:
        """The newest batch of a turn's author in the turn's conversation."""
        asker = select(turns.c.identity_id).where(turns.c.id == turn.id).scalar_subquery()
        here = (batch_jobs.c.conversation_id == turn.conversation_id) & (batch_jobs.c.identity_id == asker)
        return await self._one(_batches().where(here).order_by(batch_jobs.c.id.desc()).limit(1))

    async def tells_of(self, batch: StoredBatch, turn: Turn) -> None:
        """Have the buttons below a turn's sentence be about this batch."""
        async with self._database.write() as connection:
            told = insert_once(connection, batch_turns)
            await connection.execute(told, {"turn_id": turn.id, "batch_id": batch.id})

    async def want(self, batch: StoredBatch, wanted: str, stages: tuple[str, ...]) -> bool:
        """Ask whoever works on a batch for something; false where it is in none of these stages any more."""
        async with self._database.write() as connection:
            return await BatchPresses(connection, self._now()).want(batch.id, wanted, stages)

    async def result_of(self, turn: Turn) -> tuple[StoredBatch, bytes] | None:
        """The batch whose result a turn shows, and its file; None where that was forgotten."""
        mine = batch_jobs.c.result_turn == turn.id
        batch = await self._one(_batches().where(mine))
        async with self._database.read() as connection:
            data = (await connection.execute(select(batch_jobs.c.result).where(mine))).scalar_one_or_none()
        return (batch, data) if batch is not None and data else None

    async def is_shown(self, batch: StoredBatch) -> bool:
        """Whether the turn that shows the result has ended, so that its file is no longer needed."""
        mine = batch_jobs.join(turns, turns.c.id == batch_jobs.c.result_turn)
        state = select(turns.c.state).select_from(mine).where(batch_jobs.c.id == batch.id)
        async with self._database.read() as connection:
            return (await connection.execute(state)).scalar_one_or_none() in (None, *ENDED)

    async def claim(self, for_s: float) -> StoredBatch | None:
        """Take the batch that is due the longest for so many seconds; None where none is due, or all are owned."""
        now, owner = self._now(), uuid.uuid4().hex
        due = (batch_jobs.c.due_at <= now) | (batch_jobs.c.sheet == "")  # what was forgotten goes at once
        due &= (batch_jobs.c.owned_until <= now) & (batch_jobs.c.stage != "gone")
        first = select(batch_jobs.c.id).where(due).order_by(batch_jobs.c.due_at).limit(1)
        async with self._database.read() as connection:
            found = (await connection.execute(first)).scalar_one_or_none()
        if found is None:
            return None
        taken = update(batch_jobs).where(batch_jobs.c.id == found, due)
        async with self._database.write() as connection:
            values = {"owner": owner, "owned_until": now + timedelta(seconds=for_s)}
            if not (await connection.execute(taken.values(**values))).rowcount:
                return None
        return await self._one(_batches().where(batch_jobs.c.id == found, batch_jobs.c.owner == owner))

    async def save(self, batch: StoredBatch, *, for_s: float, **changes: Any) -> None:
        """Store what was done, and own the batch for so many seconds more.

        Raises:
            BatchTakenOver: somebody else owns it.
        """
        async with self._database.write() as connection:
            changes["owned_until"] = self._now() + timedelta(seconds=for_s)
            await _change(connection, batch, changes)

    async def let_go(self, batch: StoredBatch, *, after_s: float, **changes: Any) -> None:
        """Store what was done, and have the batch looked at again after so many seconds. Raises as `save`."""
        async with self._database.write() as connection:
            await _change(connection, batch, self._free(after_s) | changes)

    async def tell(
        self,
        batch: StoredBatch,
        sentence: str,
        *,
        after_s: float,
        offers: Sequence[Action] = (),
        **changes: Any,
    ) -> int:
        """Likewise, and say a sentence of the bot's own where the batch was asked for; the conversation with work.

        Both in one transaction, so that a crash neither forgets the sentence nor says it twice.
        """
        async with self._database.write() as connection:
            transaction = IntakeTransaction(connection, self._now())
            here = await transaction.find_or_open(batch.place, -batch.identity_id)
            turn_id = await transaction.add_turn(
                here, batch.identity_id, batch.address, notice=sentence, offers=offers
            )
            await _change(connection, batch, self._free(after_s) | changes, remembered=True)
            await connection.execute(insert(batch_turns), {"turn_id": turn_id, "batch_id": batch.id})
            await transaction.announce(here, batch.place.platform)
        return here

    async def deliver(self, batch: StoredBatch, result: bytes, capability: str, **changes: Any) -> int:
        """Likewise, with a turn that shows the result; the conversation that has work now."""
        async with self._database.write() as connection:
            await lock_conversations(connection, conversations.c.id == batch.conversation_id)
            transaction = IntakeTransaction(connection, self._now())
            turn_id = await transaction.add_turn(
                batch.conversation_id, batch.identity_id, batch.address, capability=capability
            )
            changes |= {"result": result, "result_turn": turn_id, "stage": "done", "ended_at": self._now()}
            await _change(connection, batch, self._free(0.0) | changes, remembered=True)
            await connection.execute(insert(batch_turns), {"turn_id": turn_id, "batch_id": batch.id})
            await transaction.announce(batch.conversation_id, batch.place.platform)
        return batch.conversation_id

    def _free(self, after_s: float) -> dict[str, Any]:
        now = self._now()
        return {"owner": "", "owned_until": now, "due_at": now + timedelta(seconds=after_s)}

    async def _one(self, query: Select[Any]) -> StoredBatch | None:
        async with self._database.read() as connection:
            row = (await connection.execute(query)).one_or_none()
        if row is None:
            return None
        told = dict(row._mapping)  # noqa: SLF001  SQLAlchemy's public name for it
        names = ("platform", "workspace", "channel", "thread", "private")
        place = Place(**{name: told.pop(name) for name in names})
        return StoredBatch(place=place, **told)


def _batches() -> Select[Any]:
    kept = [name for name in StoredBatch.__slots__ if name not in ("place", "locale")]
    place = conversations.c["platform", "workspace", "channel", "thread", "private"]
    return (
        select(*(batch_jobs.c[name] for name in kept), *place, reader_locale().label("locale"))
        .join(conversations, conversations.c.id == batch_jobs.c.conversation_id)
        .join(identities, identities.c.id == batch_jobs.c.identity_id)
    )


async def _change(
    connection: AsyncConnection, batch: StoredBatch, changes: Mapping[str, Any], *, remembered: bool = False
) -> None:
    """Change a batch that is still owned; where it must be `remembered`, one that was forgotten counts as taken."""
    owned = update(batch_jobs).where(batch_jobs.c.id == batch.id, batch_jobs.c.owner == batch.owner)
    if remembered:
        owned = owned.where(batch_jobs.c.sheet != "")
    if not (await connection.execute(owned.values(**changes))).rowcount:
        raise BatchTakenOver
