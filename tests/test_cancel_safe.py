"""Transactions whose task is cancelled, once or again while it tidies up."""

from __future__ import annotations

import asyncio
import random

from sqlalchemy import select

from core.storage.db import Database, events
from core.util.clock import utc_now
from tests.waiting import waiting_for


async def write(database: Database, key: str) -> None:
    async with database.write() as connection:
        await connection.execute(select(events.c.key))
        await connection.execute(events.insert().values(key=key, received_at=utc_now()))
        await connection.execute(select(events.c.key))


async def test_a_writer_cancelled_at_any_instant_and_again_locks_nobody_out(database: Database) -> None:
    chance = random.Random(4)  # noqa: S311 - repeatable
    async with waiting_for("asyncio.sleep(0)"):
        for number in range(80):
            tasks = [asyncio.create_task(write(database, f"cut:{number}:{each}")) for each in range(3)]
            for _ in range(2):
                for _ in range(chance.randrange(40)):
                    await asyncio.sleep(0)  # an instant, not a length of time
                for task in tasks:
                    task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

            await write(database, f"whole:{number}")
