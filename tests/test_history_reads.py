"""Reading a long conversation back: how often the database is asked, and how it finds what is asked for."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, event

from benchmarks.stage.filling import fill
from core.storage.db import Database
from core.storage.history import MOST_AT_ONCE, PAGE, HistoryStore
from tests.statements import postgresql_plans, recorded

LONG = 2 * (PAGE + 2 * MOST_AT_ONCE)
"""Messages of one conversation, which are all that the database holds."""
LAST = 2**40


@pytest.fixture
async def long(database: Database, migrated_url: str) -> HistoryStore:
    await fill(migrated_url, LONG, LONG)
    return HistoryStore(database)


async def read(store: HistoryStore, most: int) -> list[str]:
    """What was said last in the conversation, newest first."""
    said: list[str] = []
    _, past = await store.read(1, LAST)
    async for message in past:
        said.append(message.text)
        if len(said) == most:
            break
    await past.aclose()
    return said


async def test_a_history_of_hundreds_of_messages_is_two_reads(long: HistoryStore) -> None:
    """Each read is three round trips to PostgreSQL: 16,000 tokens of short messages once took five of them."""
    begun: list[Connection] = []

    def note(connection: Connection) -> None:
        begun.append(connection)

    event.listen(Engine, "begin", note)
    try:
        counts = []
        for most in (PAGE, PAGE + MOST_AT_ONCE, PAGE + MOST_AT_ONCE + 1):
            before = len(begun)
            assert len(set(await read(long, most))) == most
            counts.append(len(begun) - before)
    finally:
        event.remove(Engine, "begin", note)

    assert counts == [1, 2, 3]


async def test_a_long_conversation_is_read_along_its_index_and_no_further(
    long: HistoryStore, database: Database
) -> None:
    """Nothing is sorted and no table read whole, in the plan for these values and in the one kept for all values."""
    with recorded() as recorder:
        await read(long, PAGE + 1)

    ((statement, values),) = [each for each in recorder.statements.items() if "LIMIT" in each[0]]
    async with database.read() as connection:
        plans = await connection.run_sync(_plans_of, statement, values)
    for plan in plans:
        assert "ix_messages_window" in plan
        assert not re.search(r"Sort|Seq Scan|Hash|Merge|TEMP B-TREE|SCAN", plan), plan


def _plans_of(connection: Connection, statement: str, values: Any) -> list[str]:
    if connection.dialect.name == "sqlite":
        return [str(connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values).all())]
    return [json.dumps(plan) for plan in postgresql_plans(connection, statement, values)]
