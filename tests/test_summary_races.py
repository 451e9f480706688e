"""Words that are erased while their first summary is made: wherever the two meet, it keeps none of them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import replace
from itertools import combinations_with_replacement
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.domain import SUMMARISE, Turn, TurnState
from core.storage.db import Database, summaries, turns
from core.storage.personal_data.erasure import Eraser
from core.storage.summaries.store import SummaryStore
from tests.samples import DIRECT, said
from tests.test_storage import Desk
from tests.waiting import soon, until

SECRET = "SECRET-7731"


class Making:
    """The first summary of a conversation, step by step; storing it may wait for who has its words in hand."""

    def __init__(self, desk: Desk, about: Turn) -> None:
        self._desk = desk
        self._about = about
        self._store = SummaryStore(desk.database, desk.clock)
        self.stored: asyncio.Task[bool] | None = None

    async def open(self) -> None:
        async with self._desk.intake._store.transaction() as transaction:
            asker = await transaction.summaries.asker(self._about.id)
            beside = await transaction.summaries.open(self._about.conversation_id)
            await transaction.add_turn(beside, asker.identity_id, "", capability=SUMMARISE, unseen=True)
        self._turn = await self._desk.turns.claim(beside)

    async def read(self) -> None:
        self._summary = await self._store.of(self._about.conversation_id)
        self._words = await self._desk.history.ended(self._about.conversation_id, 0, self._about.id)

    async def store(self) -> None:
        assert self._turn is not None
        assert self._summary is not None
        if self._words:
            text = " ".join(each.text for each in self._words)
            covering = self._store.cover(self._turn, self._summary, text, self._words)
            self.stored = asyncio.create_task(covering)
            await until("it to be stored, or to wait", self._has_gone_on)

    async def _has_gone_on(self) -> bool:
        assert self.stored is not None
        return self.stored.done() or await someone_waits(self._desk.database)


class Interleaved:
    """A connection that lets others go on before some of its statements."""

    def __init__(
        self, connection: AsyncConnection, between: Callable[[int], Coroutine[Any, Any, None]]
    ) -> None:
        self._connection = connection
        self._between = between
        self.statements = 0

    async def execute(self, *args: Any) -> Any:
        await self._between(self.statements)
        self.statements += 1
        return await self._connection.execute(*args)


async def erase(desk: Desk, turn: Turn, between: Callable[[int], Coroutine[Any, Any, None]]) -> int:
    """Empty a turn as retention does; how many statements that took."""
    async with desk.database.write() as connection:
        steps: Any = Interleaved(connection, between)
        await steps.execute(select(turns.c.id).where(turns.c.id == turn.id).with_for_update())
        await Eraser(steps).empty_turns([turn.id], desk.clock())
        await between(steps.statements)
    await between(steps.statements + 1)
    return int(steps.statements)


async def someone_waits(database: Database) -> bool:
    waits = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    if database.is_sqlite:
        return False
    async with database.read() as connection:
        return bool((await connection.exec_driver_sql(waits)).scalar_one())


async def answered(desk: Desk, thread: str) -> Turn:
    """A question with a secret in a conversation of its own, and its answer."""
    await desk.intake.receive(said(SECRET, at=replace(DIRECT, thread=thread)))
    turn = await desk.claim()
    await desk.turns.close(turn, TurnState.ANSWERED)
    return turn


@pytest.mark.may_skip("a SQLite file has one writer at a time")
async def test_a_first_summary_keeps_nothing_that_is_erased_meanwhile(migrated_url: str) -> None:
    if migrated_url.startswith("sqlite"):
        pytest.skip("a SQLite file has one writer at a time")
    async with Database(migrated_url) as database:
        desk = Desk(database)

        async def nobody(_: int) -> None: ...

        last = await erase(desk, await answered(desk, "alone"), nobody)
        points = (0, 1, last // 2, last - 1, last, last + 1)
        for ways in combinations_with_replacement(points, 3):
            turn = await answered(desk, str(ways))
            making = Making(desk, turn)
            steps = dict(zip((making.open, making.read, making.store), ways, strict=True))

            async def go_on(point: int, steps: Any = steps) -> None:
                for step in [each for each, at in steps.items() if at == point]:
                    await step()

            await erase(desk, turn, go_on)
            if making.stored is not None:
                await soon("the summary to be stored or not", making.stored)

            kept = select(summaries.c.text).where(summaries.c.conversation_id == turn.conversation_id)
            async with database.read() as connection:
                assert (await connection.execute(kept)).scalar_one() == "", (
                    f"opened, read, stored at {ways} of {last}"
                )


async def test_a_first_summary_of_words_that_stand_is_kept(migrated_url: str) -> None:
    async with Database(migrated_url) as database:
        desk = Desk(database)
        making = Making(desk, await answered(desk, "alone"))
        for step in (making.open, making.read, making.store):
            await soon("the summary to be made", step())

        assert making.stored is not None
        assert await making.stored
