"""Emptying what stands in the registry of words: all that hangs on turns, or what a person has of their own."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.storage.db import messages, turns
from core.storage.personal_data.registry import OF_TURNS, OWN, STORES, Store
from core.storage.summaries.touched import drop_summaries_of

BATCH = 100
"""Turns, or rows, in one transaction: some milliseconds, so that a turn that wants to write hardly waits."""


class Eraser:
    """Erases within a transaction that somebody else began. What it is given at once is bounded by its caller."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def empty_turns(self, turn_ids: Collection[int], now: datetime) -> None:
        """Take all words of turns that have ended, and the rows that are nothing without them."""
        for store in OF_TURNS:
            theirs = store.table.c[store.turn].in_(turn_ids)
            if store.goes:
                await self._connection.execute(store.table.delete().where(theirs))
            elif store.words:
                await self._connection.execute(update(store.table).where(theirs).values(**store.words))
        await self._connection.execute(update(turns).where(turns.c.id.in_(turn_ids)).values(emptied_at=now))
        await drop_summaries_of(self._connection, turn_ids)

    async def empty_open(self, turn_ids: Collection[int], *, notices: bool) -> None:
        """Take the words of turns that have not ended. What they need to end stays; `notices` keep their sentence."""
        for store in OF_TURNS:
            if not (notices and store.table is turns):
                await self._empty(store, turn_ids, [name for name in store.words if name not in store.needed])
        await drop_summaries_of(self._connection, turn_ids)

    async def empty_derived(self, turn_ids: Collection[int]) -> None:
        """Take what the model made of questions: it may quote them."""
        for store in OF_TURNS:
            await self._empty(store, turn_ids, store.derived, derived=True)
        await drop_summaries_of(self._connection, turn_ids)

    async def empty_own(self, person_id: int, identity_ids: Collection[int]) -> int:
        """Take a bounded part of what a person wrote apart from turns of theirs; how many rows that were."""
        for store in OWN:
            column, ids = (store.identity, identity_ids) if store.identity else (store.person, [person_id])
            found = select(store.key()).where(store.table.c[column].in_(ids), store.filled()).limit(BATCH)
            if rows := (await self._connection.execute(found)).scalars().all():
                emptied = update(store.table).where(store.key().in_(rows))
                await self._connection.execute(emptied.values(**store.words))
                return len(rows)
        return 0

    async def said(self, turn_ids: Collection[int]) -> int:
        """How many messages of people with words in them there are in turns."""
        filled = next(store for store in STORES if store.table is messages).filled()
        said = messages.c.turn_id.in_(turn_ids) & (messages.c.role == "user") & filled
        count = select(func.count()).select_from(messages).where(said)
        return int((await self._connection.execute(count)).scalar_one())

    async def _empty(
        self, store: Store, turn_ids: Collection[int], columns: Sequence[str], *, derived: bool = False
    ) -> None:
        if not columns:
            return
        emptied = update(store.table).where(store.table.c[store.turn].in_(turn_ids))
        if derived and store.derived_rows is not None:
            emptied = emptied.where(store.derived_rows)
        await self._connection.execute(emptied.values(**{name: store.words[name] for name in columns}))
