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
from bots.web.console.at_aivax.desks import knowledge_of
from core.domain.console import Role
from core.storage.console.conversations import OUTCOMES, Wanted, list_query
from core.storage.db import Database, console_chat, console_files, console_users, learnt, learnt_pieces
from tests.console_stage import Console, console_on
from tests.statements import GROWING, read_whole, recorded
from tests.test_console_at_aivax import SETTINGS as KNOWLEDGE
from tests.test_console_at_aivax import gateways_on
from tests.test_console_chat import BUTTON

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


CHATS, ENTRIES = 200, 100
AT_AIVAX_PAGES = (
    *("/gateways", "/knowledge", "/knowledge?q=source%2077", "/knowledge?collection=c-learn&before=900"),
    *("/try", "/try/conversation.json", "/try/files/77"),
)


async def fill_chats(database: Database) -> None:
    """Many accounts with full chats, and much that was learnt."""
    now = datetime.now(UTC)
    users = [
        {"name": f"u{number}", "role": "operator", "password": "", "created_at": now}
        for number in range(CHATS)
    ]
    chats = [
        {
            "user_id": 1 + number % CHATS,
            "identity_id": None,
            "kind": "bot",
            "key": f"k{number}",
            "text": f"answer {number}",
            "extras": {},
            "version": 0,
            "taken": True,
            "locale": "",
            "at": now,
        }
        for number in range(CHATS * ENTRIES)
    ]
    blank = {"identity_id": None, "media_type": "text/plain", "size_bytes": 1, "data": b"x"}
    files = [{**blank, "entry_id": 1 + number, "name": f"f{number}"} for number in range(CHATS * ENTRIES)]
    source = {"collection": "c-learn", "platform": "slack", "workspace": "T0ACME", "channel": "C1"}
    source |= {"thread": "", "private": False, "address": "", "pieces": 10, "pages": 1}
    sources = [
        {**source, "key": f"s{number}", "name": f"source {number}", "identity_id": 1 + number % YEAR.people}
        for number in range(2_000)
    ]
    pieces = [{"learnt_id": 1 + n % 2_000, "code": f"p{n}", "sent_at": now} for n in range(20_000)]
    async with database.write(many_rows=True) as connection:
        for table, rows in (
            *((console_users, users), (console_chat, chats), (console_files, files)),
            *((learnt, sources), (learnt_pieces, pieces)),
        ):
            for start in range(0, len(rows), 500):  # at once they would hold up the loop
                await connection.execute(table.insert(), rows[start : start + 500])
        await connection.execute(text("ANALYZE"))


def at_aivax(database: Database) -> dict[str, Any]:
    return {"gateways": gateways_on(database), "knowledge": knowledge_of(KNOWLEDGE, database)}


async def test_no_table_that_grows_is_read_whole_for_the_chat_gateways_and_knowledge(
    migrated_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    growing = GROWING | {"console_chat", "console_files", "learnt_pieces"}
    monkeypatch.setattr("tests.statements.GROWING", growing)
    async with console_on(migrated_url, at_aivax=at_aivax) as console:
        assert console.chat is not None
        await fill_year(console.database, YEAR)
        await fill_chats(console.database)
        operator = await console.user("ana", Role.OPERATOR)
        store, mine = console.chat.store, CHATS + 1
        with recorded() as recorder:
            sent = await operator.send("/try/say", text="hello")
            for each in await store.untaken():
                await store.took(each, "201.1")
            posted = await store.post(mine, "n", "An answer.", buttons=[BUTTON])
            await store.edit(mine, posted, "A longer answer.", [BUTTON])
            await store.suggest(mine, ["And then?"])
            await operator.see("/try")
            pressed = await operator.send("/try/press", press="good|k1|")
            statuses = [(await operator.see(path)).status for path in AT_AIVAX_PAGES]

        found = await read_whole(console.database, recorder.statements)

    assert (sent.status, pressed.status) == (303, 303)
    assert statuses == [*[200] * (len(AT_AIVAX_PAGES) - 1), 404]  # the file is another's
    assert not found, "\n".join(found)
