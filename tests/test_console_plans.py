"""The console's lists and pages read no table that grows from end to end, however their filters are put together."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.dialects.sqlite import dialect

from benchmarks.stage.console_filling import Year, fill_year
from core.domain.console import Role
from core.storage.console.conversations import OUTCOMES, Wanted, list_query
from core.storage.db import Database
from tests.console_stage import Console, console_on
from tests.statements import read_whole, recorded

YEAR = Year(people=4_000, turns=20_000, audit=5_000)
LISTS = (
    "",
    *(
        "of=8",
        "person=person%207",
        "person=U77",
        "person=slack:U77",
        "channel=C7",
        "channel=D99",
        "platform=slack",
    ),
    *(f"outcome={each}" for each in OUTCOMES),
    *("reference=r700", "words=xylophone", "words=number&channel=C7", "words=some&outcome=failed"),
    *("outcome=superseded&channel=C7&platform=slack", "of=8&outcome=failed&channel=C4"),
    "before=2026-01-01T00:00:00%2B00:00~9",
)
SPANS = ("days=7", "days=365", "from=2020-01-01&to=2020-02-01")
PAGES = (  # and without /people, which adds up a month of all
    *("/people?q=person%2099", "/people?q=U99", "/people?q=slack:T0ACME/U99"),
    *(
        "/people/8",
        "/people/8/forget",
        "/conversations/14",
        "/conversations/14?at=77",
        "/conversations/14?before=99",
    ),
    *(
        "/turns/9000",
        "/turns?q=r700",
        "/waiting",
        "/audit",
        "/audit?who=operator-3",
        "/audit?what=turn.retry",
    ),
    *(
        "/audit?person=8",
        "/audit?who=operator-3&what=sign_in&from=2020-01-01",
        "/audit?from=2020-01-01&to=2020-02-01",
    ),
)


@pytest.fixture
async def console(migrated_url: str) -> AsyncIterator[Console]:
    async with console_on(migrated_url) as opened:
        await fill_year(opened.database, YEAR)
        yield opened


@pytest.mark.long
async def test_no_table_that_grows_is_read_whole_for_a_page(console: Console) -> None:
    owner = await console.user("ana", Role.OWNER)
    with recorded() as recorder:
        for path in (*PAGES, *(f"/conversations?{span}&{fields}" for fields in LISTS for span in SPANS)):
            page = await owner.see(path)
            assert page.status in (200, 303), path

    found = await read_whole(console.database, recorder.statements)

    assert not found, "\n".join(found)


SHARED_TURNS, EACH = 20_000, 100


async def test_a_channel_that_shares_one_conversation_does_not_have_each_question_read_those_after_it(
    migrated_sqlite: Path, tmp_path: Path
) -> None:
    """Counted in steps of SQLite's machine: what was looked at of a year took three million, and 0.2 s."""
    path = shutil.copy(migrated_sqlite, tmp_path / "shared.sqlite3")
    async with Database(f"sqlite+aiosqlite:///{path}") as database:
        await fill_year(database, Year(people=50, turns=SHARED_TURNS, audit=10))
        async with database.write(many_rows=True) as connection:
            ended = f"CASE id % {EACH} WHEN 0 THEN 'failed' WHEN 1 THEN 'superseded' ELSE 'answered' END"
            await connection.execute(text(f"UPDATE turns SET conversation_id = 2, state = {ended}"))  # noqa: S608
            await connection.execute(text("UPDATE conversations SET channel = 'C1' WHERE id = 2"))
    now = datetime.now(UTC)
    for wanted, newest in (
        (Wanted(now - timedelta(days=999), now + timedelta(days=1), outcome="failed"), SHARED_TURNS),
        (
            Wanted(now - timedelta(days=999), now + timedelta(days=1), outcome="superseded", channel="C1"),
            SHARED_TURNS - EACH + 1,
        ),
    ):
        query = list_query(wanted, None, None)
        statement = str(query.compile(dialect=dialect(), compile_kwargs={"literal_binds": True}))
        rows, steps = await asyncio.to_thread(_steps, path, statement)

        assert [row[0] for row in rows] == [newest]
        assert steps < 100_000


def _steps(path: str | Path, statement: str) -> tuple[list[tuple[Any, ...]], int]:
    """The rows of a statement, and how many steps it took."""
    taken = 0

    def step() -> None:
        nonlocal taken
        taken += 100

    with closing(sqlite3.connect(path)) as connection:
        connection.set_progress_handler(step, 100)
        return connection.execute(statement).fetchall(), taken
