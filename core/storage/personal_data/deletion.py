"""A person's request to be forgotten, as rows: asked for in one transaction, carried out in many small ones.

A request outlives a crash. Whoever finds one goes on with it, in whichever process; only who ends it tells the person.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import literal_column, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.domain import ENDED, CancelRequest, Place
from core.storage.db import (
    Database,
    batched,
    conversations,
    daily_people,
    erasures,
    is_open,
    lock_conversations,
    lock_turns,
    turns,
)
from core.storage.personal_data.accounts import identities_of, persons_of
from core.storage.personal_data.erasure import BATCH, Eraser
from core.storage.turns.edits import Changes


@dataclass(frozen=True, slots=True)
class Erasure:
    """A request that is being carried out."""

    id: int
    person_id: int
    identity_id: int
    conversation_id: int
    """Where the person is told."""
    place: Place
    address: str
    """`""`: they are not told."""
    as_page: bool
    last_turn: int
    asked_at: datetime


class Erasures:
    """Takes a request in, within the transaction of its event."""

    def __init__(self, connection: AsyncConnection, now: datetime, global_ids: Collection[str] = ()) -> None:
        """`global_ids`: see `persons_of`."""
        self._connection = connection
        self._now = now
        self._global_ids = global_ids

    async def hold(self, identity_id: int, place: Place) -> None:
        """Lock the conversations of all that is open of a person, and of the bot's sentences to them in a place.

        At once, because several conversations are locked in one order; see `core.storage.db.row_locks`.
        """
        persons = await persons_of(self._connection, identity_id, self._global_ids)
        ids = await identities_of(self._connection, persons)
        theirs = select(turns.c.conversation_id).where(turns.c.identity_id.in_(ids), is_open())
        here = conversations.c["platform", "workspace", "channel", "thread", "owner_id"]
        at = (place.platform, place.workspace, place.channel, place.thread, -identity_id)
        aside = select(conversations.c.id).where(conversations.c.closed_at.is_(None))
        aside = aside.where(*(column == value for column, value in zip(here, at, strict=True)))
        await lock_conversations(self._connection, conversations.c.id.in_(theirs.union_all(aside)))

    async def ask(
        self, identity_id: int, conversation_id: int, address: str, *, as_page: bool
    ) -> Sequence[int]:
        """Remember to erase all that the person said, in every identity of theirs, and end what is open of it.

        What waits is never sent to AIVAX after this. What runs has lost its text when this is committed, and its
        process, which hears of the request, stores none. The conversations where something runs, or is to be closed on
        the screen.

        `address` is where the person is told once all is done; `""`: they are not. Where their account is known as
        several persons there is a request for each, of which only the last one, their own, tells.
        """
        running_in: list[int] = []
        newest = select(turns.c.id).where(turns.c.id > 0).order_by(turns.c.id.desc()).limit(1)
        last = (await self._connection.execute(newest)).scalar_one_or_none()
        *others, own = await persons_of(self._connection, identity_id, self._global_ids)
        for person_id in (*others, own):
            identity_ids = await identities_of(self._connection, [person_id])
            changes = Changes(self._connection, self._now)
            running_in += await changes.end_all(identity_ids, CancelRequest.WITHDRAW)
            said = await self._empty_open(identity_ids)
            await self._connection.execute(
                erasures.insert().values(
                    person_id=person_id,
                    identity_id=identity_ids[0] if identity_ids and person_id != own else identity_id,
                    conversation_id=conversation_id,
                    address=address if person_id == own else "",
                    as_page=as_page and person_id == own,
                    last_turn=last or 0,
                    messages=said,
                    asked_at=self._now,
                )
            )
        return running_in

    async def finish(self, erasure: Erasure) -> int | None:
        """End the request; how many messages were erased, or None where somebody else has ended it.

        What was erased of one that is not told of counts as the next one's of the same conversation.
        """
        over = erasures.delete().where(erasures.c.id == erasure.id).returning(erasures.c.messages)
        count = await self._connection.scalar(over)
        if count and not erasure.address:
            told = (erasures.c.conversation_id == erasure.conversation_id) & (erasures.c.address != "")
            told &= erasures.c.asked_at == erasure.asked_at
            counted = update(erasures).where(told).values(messages=erasures.c.messages + count)
            await self._connection.execute(counted)
        return count

    async def _empty_open(self, identity_ids: Collection[int]) -> int:
        """Take the text of what has not ended; how many messages of theirs that were."""
        which = turns.c.identity_id.in_(identity_ids) & is_open()
        theirs = select(turns.c.id, turns.c.notice).where(which & await lock_turns(self._connection, which))
        rows = (await self._connection.execute(theirs.order_by(turns.c.id))).all()
        eraser, said = Eraser(self._connection), 0
        for are_notices in (False, True):
            for turn_ids in batched((row.id for row in rows if row.notice is are_notices), BATCH):
                said += await eraser.said(turn_ids)
                await eraser.empty_open(turn_ids, notices=are_notices)
        return said


class ErasureStore:
    """Carries requests out, step by step."""

    def __init__(self, database: Database, now: Callable[[], datetime]) -> None:
        self._database = database
        self._now = now

    async def next(self, *, untold: bool = False) -> Erasure | None:
        """The oldest request that is not carried out; with `untold`, of those that nobody is told of."""
        places = conversations.c["platform", "workspace", "channel", "thread", "private"]
        oldest = (
            select(erasures, *places)
            .join(conversations, erasures.c.conversation_id == conversations.c.id)
            .where(erasures.c.id > 0)
            .order_by(erasures.c.id)
            .limit(1)
        )
        if untold:
            oldest = oldest.where(erasures.c.address == literal_column("''"))
        async with self._database.read() as connection:
            row = (await connection.execute(oldest)).one_or_none()
        if row is None:
            return None
        return Erasure(
            row.id,
            row.person_id,
            row.identity_id,
            row.conversation_id,
            Place(row.platform, row.workspace, row.channel, row.thread, row.private),
            row.address,
            row.as_page,
            row.last_turn,
            row.asked_at,
        )

    async def step(self, erasure: Erasure) -> bool:
        """Erase a bounded part of what is left, in a transaction of its own; whether there was any."""
        async with self._database.write(many_rows=True) as connection:
            held = select(erasures.c.id).where(erasures.c.id == erasure.id).with_for_update()
            if (await connection.execute(held)).first() is None:
                return False
            eraser = Eraser(connection)
            identity_ids = await identities_of(connection, [erasure.person_id])
            for identity_id in identity_ids:
                if turn_ids := await _kept(connection, identity_id, erasure.last_turn):
                    said = await eraser.said(turn_ids)
                    await eraser.empty_turns(turn_ids, self._now())
                    counted = update(erasures).where(erasures.c.id == erasure.id)
                    await connection.execute(counted.values(messages=erasures.c.messages + said))
                    return True
            if await eraser.empty_own(erasure.person_id, identity_ids):
                return True
            # what days came to stays, without them
            await connection.execute(
                daily_people.delete().where(daily_people.c.identity_id.in_(identity_ids))
            )
            return await self._close(connection, identity_ids, erasure.asked_at)

    async def _close(self, connection: AsyncConnection, owners: Collection[int], asked_at: datetime) -> bool:
        """End some of the conversations that are theirs: what is asked next begins another."""
        theirs = conversations.c.owner_id.in_(owners) & conversations.c.closed_at.is_(None)
        found = select(conversations.c.id).where(theirs, conversations.c.opened_at <= asked_at).limit(BATCH)
        ids = (await connection.execute(found)).scalars().all()
        await lock_conversations(connection, conversations.c.id.in_(ids))
        ended = update(conversations).where(conversations.c.id.in_(ids))
        await connection.execute(ended.values(closed_at=self._now()))
        return bool(ids)


async def _kept(connection: AsyncConnection, identity_id: int, last_turn: int) -> Sequence[int]:
    """The next turns of an identity that have ended and were not emptied."""
    found = (
        select(turns.c.id)
        .where(turns.c.identity_id == identity_id, turns.c.emptied_at.is_(None), turns.c.id <= last_turn)
        .where(turns.c.state.in_(ENDED))
        .order_by(turns.c.id)
        .limit(BATCH)
        .with_for_update(key_share=True)
    )
    return (await connection.execute(found)).scalars().all()
