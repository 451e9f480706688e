"""A process that stands still between two statements, or is gone without a word: for how long its locks hold."""

from __future__ import annotations

import asyncio

import pytest

from core.domain import DatabaseUnreachable
from core.storage.db import Database, Reach, conversations, lock_conversations, migrate
from core.storage.turns.intake import IntakeStore
from core.storage.turns.store import TurnStore
from tests.samples import ANA, DIRECT
from tests.waiting import soon

FROZEN_AFTER_S = 1.0


async def test_what_a_frozen_process_had_locked_is_free_again_after_a_while(postgres_url: str) -> None:
    reach = Reach(frozen_after_s=FROZEN_AFTER_S)
    async with Database(postgres_url, reach=reach) as frozen, Database(postgres_url) as living:
        await migrate.upgrade(living)
        async with IntakeStore(living, living.now).transaction() as transaction:
            author = await transaction.identity_id(ANA)
            here = await transaction.find_or_open(DIRECT, author)
            await transaction.add_turn(here, author, "D-ana/1")
        is_locked, wakes = asyncio.Event(), asyncio.Event()

        async def freeze() -> None:
            async with frozen.write() as connection:
                await lock_conversations(connection, conversations.c.id == here)
                is_locked.set()
                await wakes.wait()  # no deadline: it is frozen until the test wakes it
                await lock_conversations(connection, conversations.c.id == here)

        freezing = asyncio.create_task(freeze())
        await soon("the lock", is_locked.wait())
        claimed = await soon("the turn", TurnStore(living, living.now, "living").claim(here))
        assert claimed is not None
        wakes.set()
        with pytest.raises(DatabaseUnreachable):
            await soon("the frozen one to wake", freezing)
        async with frozen.read() as connection:  # it goes on with another connection
            assert await lock_conversations(connection, conversations.c.id == here)
