"""Every connection that was opened is closed, whoever is cancelled, or comes too late."""

from __future__ import annotations

import asyncio
import gc
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.storage.db import Database
from tests.waiting import ended

AT_ONCE = 8


@pytest.fixture
def warned() -> Iterator[list[warnings.WarningMessage]]:
    """What Python says of connections that nobody closed: psycopg's, when they are deleted."""
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always", ResourceWarning)
        yield seen


def left_open(database: Database, warned: list[warnings.WarningMessage]) -> list[str]:
    """What is still open of a database that was left."""
    if database.path is not None:  # the last one that is closed takes it along
        return [str(each) for each in [Path(f"{database.path}-wal")] if each.exists()]
    gc.collect()
    return [str(each.message) for each in warned]


async def read(database: Database) -> None:
    async with database.read() as connection:
        await connection.exec_driver_sql("SELECT 1")


@pytest.mark.parametrize("steps", [1, 5, 20, 60])
@pytest.mark.parametrize("cancelled", [False, True])
async def test_what_is_opened_or_used_while_all_are_closed_is_closed_after(
    storage_url: str, steps: int, cancelled: bool, warned: list[warnings.WarningMessage]
) -> None:
    database = Database(storage_url)
    async with database:
        if database.is_sqlite:
            async with database.write() as connection:
                await connection.exec_driver_sql("CREATE TABLE kept (value)")
        reading = [asyncio.create_task(read(database)) for _ in range(AT_ONCE)]
        for _ in range(steps):
            await asyncio.sleep(0)
        for each in reading if cancelled else ():
            each.cancel()
    await ended(*reading)
    reading.clear()

    assert left_open(database, warned) == []
