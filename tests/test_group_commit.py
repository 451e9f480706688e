"""Writers of one SQLite file that wait for each other are committed together, and each is told what came of it."""

from __future__ import annotations

import asyncio
import random
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine, event

from core.domain import DatabaseFull
from core.storage.db import Database
from tests.waiting import waiting_for


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "bot.sqlite3"


@pytest.fixture
async def database(path: Path) -> AsyncIterator[Database]:
    async with Database(f"sqlite+aiosqlite:///{path}") as opened:
        async with opened.write() as connection:
            await connection.exec_driver_sql("CREATE TABLE kept (value INTEGER PRIMARY KEY)")
            await connection.exec_driver_sql(
                "CREATE TABLE parts (of INTEGER REFERENCES kept DEFERRABLE INITIALLY DEFERRED)"
            )
        yield opened


@contextmanager
def commits() -> Iterator[list[bool]]:
    """The commits inside the block; each: whether it waits for the disk."""
    seen: list[bool] = []

    def note(connection: Connection) -> None:
        driver = connection.connection.driver_connection
        assert driver is not None
        seen.append(driver.awaits_disk)

    event.listen(Engine, "commit", note)
    try:
        yield seen
    finally:
        event.remove(Engine, "commit", note)


async def write(database: Database, value: int, *, fails: bool = False, synced: bool = True) -> None:
    async with database.write(synced=synced) as connection:
        await connection.exec_driver_sql("INSERT INTO kept VALUES (?)", (value,))
        await asyncio.sleep(0)
        if fails:
            raise ValueError(value)


def stored(path: Path) -> set[int]:
    """What another process would find."""
    with sqlite3.connect(path) as other:
        found = {value for (value,) in other.execute("SELECT value FROM kept")}
    other.close()
    return found


async def test_those_who_wait_share_one_commit_and_are_told_after_it(database: Database, path: Path) -> None:
    async def writes(value: int) -> None:
        await write(database, value)
        assert value in stored(path)

    with commits() as seen:
        async with waiting_for("the writers"):
            await asyncio.gather(*map(writes, range(20)))

    assert stored(path) == set(range(20))
    assert seen == [True]


async def test_one_who_is_alone_is_committed_at_once(database: Database, path: Path) -> None:
    with commits() as seen:
        for value in range(3):
            await write(database, value)

    assert seen == [True] * 3


@pytest.mark.parametrize("failing", [{0}, {1}, {4}, {0, 1, 2}, {0, 2, 4}, set(range(5))])
async def test_who_fails_takes_back_only_what_they_wrote(
    database: Database, path: Path, failing: set[int]
) -> None:
    async with waiting_for("the writers"):
        writers = (write(database, value, fails=value in failing) for value in range(5))
        results = await asyncio.gather(*writers, return_exceptions=True)

    assert {value for value, result in enumerate(results) if isinstance(result, ValueError)} == failing
    assert stored(path) == set(range(5)) - failing


async def test_a_commit_that_fails_is_told_to_all_whose_it_is(database: Database, path: Path) -> None:
    async def orphan() -> None:
        async with database.write() as connection:
            await connection.exec_driver_sql("INSERT INTO parts VALUES (99)")

    async with waiting_for("the writers"):
        results = await asyncio.gather(
            write(database, 1), orphan(), write(database, 2), return_exceptions=True
        )
        await write(database, 3)

    assert all(isinstance(result, Exception) for result in results)
    assert stored(path) == {3}


async def test_a_full_disk_is_told_to_all_whose_work_it_takes(database: Database, path: Path) -> None:
    async def too_much() -> None:
        async with database.write() as connection:
            await connection.exec_driver_sql("PRAGMA max_page_count = 1")
            await connection.exec_driver_sql("CREATE TABLE filler AS SELECT zeroblob(100000)")

    async with waiting_for("the writers"):
        results = await asyncio.gather(
            write(database, 1), too_much(), write(database, 2), return_exceptions=True
        )

    assert isinstance(results[1], DatabaseFull)
    told = {value for value, result in ((1, results[0]), (2, results[2])) if result is None}
    assert stored(path) == told


async def test_what_does_not_wait_for_the_disk_is_there_for_other_processes(
    database: Database, path: Path
) -> None:
    with commits() as seen:
        await write(database, 1, synced=False)
        assert stored(path) == {1}
        await write(database, 2)

    assert seen == [False, True]


async def test_a_commit_that_waits_for_the_disk_is_never_one_that_does_not(
    database: Database, path: Path
) -> None:
    async def told(value: int) -> None:
        await write(database, value)
        assert seen[-1]

    with commits() as seen:
        async with waiting_for("the writers"):
            lazy = (write(database, value, synced=False) for value in range(5))
            await asyncio.gather(*lazy, *map(told, range(5, 8)), write(database, 8, synced=False))

    assert stored(path) == set(range(9))


async def test_whoever_is_told_is_stored_whenever_others_are_cancelled(
    database: Database, path: Path
) -> None:
    chance = random.Random(7)  # noqa: S311 - repeatable
    told: set[int] = set()

    async def writes(value: int) -> None:
        await write(database, value, fails=value % 7 == 3, synced=value % 5 != 2)
        told.add(value)

    async with waiting_for("writers at every instant", within_s=60):
        for number in range(60):
            tasks = [asyncio.create_task(writes(number * 10 + each)) for each in range(8)]
            for _ in range(chance.randrange(60)):
                await asyncio.sleep(0)
            for task in chance.sample(tasks, 4):
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await write(database, 10_000 + number)

    found = stored(path)
    assert told <= found
    assert not {value for value in found if value % 7 == 3 and value < 10_000}
    assert {10_000 + number for number in range(60)} <= found


async def test_nobody_is_told_of_a_commit_that_fails_whenever_others_are_cancelled(
    database: Database, path: Path
) -> None:
    chance = random.Random(11)  # noqa: S311 - repeatable
    told: set[int] = set()

    async def writes(value: int, *, fails: bool) -> None:
        async with database.write() as connection:
            await connection.exec_driver_sql("INSERT INTO kept VALUES (?)", (value,))
            if fails:  # at the commit
                await connection.exec_driver_sql("INSERT INTO parts VALUES (-1)")
            await asyncio.sleep(0)
        told.add(value)

    async with waiting_for("writers at every instant", within_s=60):
        for number in range(300):
            failing = chance.randrange(3)
            writers = [writes(number * 10 + each, fails=each == failing) for each in range(3)]
            tasks = [asyncio.create_task(writer) for writer in writers]
            for _ in range(chance.randrange(40)):
                await asyncio.sleep(0)
            chance.choice(tasks).cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    assert told <= stored(path)
