"""SQLite's statements run in the loop as long as they are quick; what waits never holds it up."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import pytest

from core.storage.db import Database
from core.storage.db.sqlite_driver import FEW, TURN_S, Connection, Pace
from tests.waiting import waiting_for

MANY = FEW + 1


@asynccontextmanager
async def opened(path: Path) -> AsyncIterator[Database]:
    async with Database(f"sqlite+aiosqlite:///{path}") as database:
        yield database


@asynccontextmanager
async def with_table(path: Path) -> AsyncIterator[Database]:
    async with opened(path) as database:
        async with database.write() as connection:
            await connection.exec_driver_sql("CREATE TABLE kept (value)")
        yield database


async def write(database: Database) -> None:
    async with database.write() as connection:
        await connection.exec_driver_sql("INSERT INTO kept VALUES (1)")


@contextmanager
def locked(path: Path) -> Iterator[sqlite3.Connection]:
    """Another process that writes."""
    with sqlite3.connect(path, isolation_level=None, check_same_thread=False) as other:
        other.execute("BEGIN IMMEDIATE")
        yield other
        if other.in_transaction:
            other.execute("ROLLBACK")
    other.close()


async def thread_of(connection: Connection, sql: str, *, seconds: float = 0.0) -> int:
    """Which thread runs a statement that takes so long."""

    def work() -> int:
        until = time.perf_counter() + seconds
        while time.perf_counter() < until:
            pass
        return threading.get_ident()

    return await connection.run(sql, work)


@pytest.fixture
async def connection(tmp_path: Path) -> AsyncIterator[Connection]:
    opened = Connection(str(tmp_path / "some.sqlite3"), Pace())
    yield opened
    await opened.close()


async def test_a_quick_statement_runs_where_it_is_asked_for(connection: Connection) -> None:
    assert await thread_of(connection, "SELECT 1") == threading.get_ident()


async def test_a_statement_that_was_slow_runs_in_a_thread_until_it_is_quick_again(
    connection: Connection,
) -> None:
    here = threading.get_ident()

    first = await thread_of(connection, "SELECT 1", seconds=0.01)
    second = await thread_of(connection, "SELECT 1")
    third = await thread_of(connection, "SELECT 1")

    assert [each == here for each in (first, second, third)] == [True, False, True]


@pytest.mark.parametrize("sql", ["VACUUM", "PRAGMA wal_checkpoint(TRUNCATE)"])
async def test_what_waits_for_the_disk_or_for_others_runs_in_a_thread(
    connection: Connection, sql: str
) -> None:
    assert await thread_of(connection, sql) != threading.get_ident()


async def test_many_rows_are_written_in_a_thread(connection: Connection) -> None:
    threads: list[int] = []
    await connection.create_function("here", 1, lambda _: threads.append(threading.get_ident()))
    cursor = connection.cursor()
    await cursor.execute("CREATE TABLE kept (value)")

    await cursor.executemany("INSERT INTO kept SELECT here(?)", [(each,) for each in range(MANY)])

    assert len(threads) == MANY
    assert threading.get_ident() not in threads


async def test_a_row_that_is_fetched_after_the_commit_is_there(connection: Connection) -> None:
    cursor = connection.cursor()
    await cursor.execute("SELECT 1 UNION SELECT 2")
    await connection.commit()

    assert await cursor.fetchall() == [(1,), (2,)]


async def test_readers_one_after_the_other_give_way(tmp_path: Path) -> None:
    async with opened(tmp_path / "bot.sqlite3") as database:
        ticks = 0

        async def tick() -> None:
            nonlocal ticks
            while True:  # no deadline: until it is cancelled
                ticks += 1
                await asyncio.sleep(0)

        async with database.read() as connection:
            await connection.exec_driver_sql("SELECT 1")
        ticking = asyncio.create_task(tick())
        async with waiting_for("reads that give way"):
            began, reads = time.perf_counter(), 0
            while time.perf_counter() - began < 20 * TURN_S:
                async with database.read() as connection:
                    await connection.exec_driver_sql("SELECT 1")
                reads += 1
        ticking.cancel()

    assert ticks > 0
    assert reads > 0


async def test_the_loop_goes_on_while_a_writer_waits_for_another_process(tmp_path: Path) -> None:
    path = tmp_path / "bot.sqlite3"
    async with with_table(path) as database:
        with locked(path) as other:
            writing = asyncio.create_task(write(database))
            async with database.read() as connection:  # and so do readers
                found = (await connection.exec_driver_sql("SELECT count(*) FROM kept")).scalar_one()
            waited = not writing.done()
            other.execute("ROLLBACK")
            async with waiting_for("the writer"):
                await writing

    assert (found, waited) == (0, True)


async def test_a_writer_cancelled_while_it_waits_for_the_lock_leaves_none_behind(tmp_path: Path) -> None:
    path = tmp_path / "bot.sqlite3"
    async with with_table(path) as database:
        with locked(path) as other:
            writing = asyncio.create_task(write(database))
            async with database.read() as connection:
                await connection.exec_driver_sql("SELECT 1")
            writing.cancel()
            await asyncio.sleep(0)
            other.execute("ROLLBACK")
            async with waiting_for("the cancelled writer"):
                await asyncio.gather(writing, return_exceptions=True)
        async with waiting_for("the next writer"):
            await write(database)
        with sqlite3.connect(path, timeout=0) as reader:
            rows = reader.execute("SELECT count(*) FROM kept").fetchone()
        reader.close()

    assert writing.cancelled()
    assert rows == (1,)


async def test_whoever_opens_and_closes_a_database_again_and_again_can_be_cancelled(tmp_path: Path) -> None:
    path = tmp_path / "bot.sqlite3"

    async def go_on() -> None:
        while True:  # no deadline: until it is cancelled
            async with opened(path) as database, database.write() as connection:
                await connection.exec_driver_sql("SELECT 1")

    async with waiting_for("tasks to end when they are cancelled"):
        for instants in range(40):
            task = asyncio.create_task(go_on())
            for _ in range(instants):
                await asyncio.sleep(0)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

            assert task.cancelled()


async def test_a_time_limit_over_a_step_in_the_thread_is_told_as_one(connection: Connection) -> None:
    release = threading.Event()

    async def vacuum() -> None:
        async with asyncio.timeout(0.01):
            asyncio.get_running_loop().call_later(0.05, release.set)
            await connection.run("VACUUM", lambda: release.wait(60))
            await connection.go_on()

    with pytest.raises(TimeoutError):
        await vacuum()

    assert release.is_set()
