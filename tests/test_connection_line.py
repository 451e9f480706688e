"""Connections under a crowd: whoever asks first has one first, and nobody keeps writers or leases waiting."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
from sqlalchemy import select

from core.storage.cluster.looks import Looks
from core.storage.db import Database, turns
from core.storage.turns.store import TurnStore
from tests.samples import said
from tests.test_storage import Desk
from tests.waiting import soon

CROWD = 200
MOST_CONNECTIONS = 10
"""Of either database."""
ONLY_SQLITE = pytest.mark.parametrize("migrated_url", ["sqlite"], indirect=True)


@asynccontextmanager
async def all_read(database: Database) -> AsyncIterator[asyncio.Event]:
    """Let as many read as may at once, and as many wait, until the event is set; they are waited for at the end."""
    over, reading = asyncio.Event(), asyncio.Semaphore(0)

    async def read() -> None:
        async with database.read() as connection:
            await connection.exec_driver_sql("SELECT 1")
            reading.release()
            await over.wait()  # no deadline: set at the end of the block below

    async with asyncio.TaskGroup() as group:
        for _ in range(2 * MOST_CONNECTIONS):
            group.create_task(read())
        for _ in range(5):  # SQLite's, and the first of PostgreSQL's
            await soon("them to read", reading.acquire())
        yield over
        over.set()


async def test_who_asked_first_reads_first_however_often_others_come_again(database: Database) -> None:
    entered: list[int] = []

    async def read_again_and_again(number: int) -> None:
        for _ in range(3):
            async with database.read() as connection:
                entered.append(number)
                await connection.exec_driver_sql("SELECT 1")
                await asyncio.sleep(0)

    await soon("all to read", asyncio.gather(*map(read_again_and_again, range(CROWD))))

    first = entered[
        : 2 * CROWD
    ]  # while one's connection is being opened, the others serve some; 540 without a line
    assert set(first) == {*range(CROWD)}


@ONLY_SQLITE
async def test_writers_wait_for_no_reader_nor_does_another_process_that_writes_cost_one(
    database: Database,
) -> None:
    other = sqlite3.connect(str(database.path), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")

    async def write() -> None:
        async with database.write() as connection:
            await connection.exec_driver_sql("DELETE FROM alerts")

    async with all_read(database):
        writers = [asyncio.create_task(write()) for _ in range(CROWD)]
        await asyncio.sleep(0)
        other.close()
        await soon("all to write while others read", asyncio.gather(*writers))


async def test_leases_are_renewed_while_every_connection_is_in_use_though_they_ran_out(
    migrated_url: str,
) -> None:
    async with Database(migrated_url) as database, Database(migrated_url) as elsewhere:
        desk = Desk(database)
        await desk.intake.receive(said("hello"))
        turn = await desk.claim()
        desk.clock.advance(minutes=1)
        async with all_read(database):
            await soon("the lease to be renewed", desk.turns.renew([turn.id]))

        if not database.is_sqlite:
            assert await TurnStore(elsewhere, desk.clock, "other").recover({"fake"}) == 0
        until = select(turns.c.lease_until)
        async with database.read() as connection:
            assert (await connection.execute(until)).scalar_one() > desk.clock() + timedelta(seconds=1)


@pytest.mark.parametrize("migrated_url", ["postgresql"], indirect=True)
async def test_what_processes_share_is_looked_at_while_every_connection_is_in_use(
    database: Database,
) -> None:
    looks = Looks(database, database.now, "one", lease_s=20.0)
    async with all_read(database):
        shared = await soon("a look", looks.look("fake", 2, (), ()))

    assert shared.free == {0, 1}
