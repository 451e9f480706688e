"""All data moved from a SQLite file to PostgreSQL: every table, every id, and what waited is answered there."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import ARRAY, JSON, Boolean, Column, Date, Float, LargeBinary, Table, Text, select

from core.domain import BackupRefused, DatabaseBusy, SettingRefused
from core.storage.db import Database, migrate
from core.storage.db.file_lock import held_alone
from core.storage.db.types import Instant, Label, Word, Words
from core.storage.ops.every_table import every_table
from core.storage.ops.move import PAGE, move
from tests.backups import change, event, rows, told
from tests.samples import WallClock, said
from tests.stage import staged

DUMP = Path(__file__).parent / "payloads" / "old_databases" / "sqlite.sql"
AT = datetime(2026, 9, 1, 12, 0, 0, 123456, tzinfo=UTC)


@pytest.fixture
def filled(sqlite_url: str, migrated_sqlite: Path) -> str:
    """A database of this version with rows."""
    shutil.copy(migrated_sqlite, sqlite_url.removeprefix("sqlite+aiosqlite:///"))
    return sqlite_url


def value_of(column: Column[Any], number: int) -> Any:
    """Something for a column that is not easily carried over: an umlaut, microseconds, bytes, a list in a JSON."""
    if column.foreign_keys or column is column.table.autoincrement_column:
        return number
    kind = column.type
    if column.name in ("state", "role"):
        return "parked" if column.name == "state" and column.table.name == "turns" else "user"
    if isinstance(kind, Instant):
        return AT + timedelta(seconds=number)
    if isinstance(kind, Date):
        return AT.date() + timedelta(days=number)
    if isinstance(kind, ARRAY):
        return [number + 0.5]
    if isinstance(kind, JSON):
        return [{"ü": number}, None, 1.5]
    if isinstance(kind, LargeBinary):
        return bytes([0, 255, number % 256])
    if isinstance(kind, Boolean):
        return number % 2 == 0
    if isinstance(kind, Float):
        return number + 0.1
    return f"ü{number}" if isinstance(kind, Label | Words | Word | Text) else number


async def fill(url: str, numbers: range) -> None:
    async with Database(url) as database, database.write() as connection:
        for table in every_table():
            values = [
                {column.name: value_of(column, number) for column in table.columns} for number in numbers
            ]
            await connection.execute(table.insert(), values)


async def all_rows(url: str, table: Table) -> list[tuple[Any, ...]]:
    async with Database(url) as database, database.read() as connection:
        found = [tuple(row) for row in await connection.execute(select(table))]
    return sorted(found, key=repr)


async def test_every_table_arrives_as_it_was_with_its_ids(filled: str, postgres_url: str) -> None:
    await fill(filled, range(3, 9))
    await change(filled, "DELETE FROM events")
    many = [{"key": f"e{number}", "received_at": AT} for number in range(2 * PAGE + 1)]
    async with Database(filled) as database, database.write() as connection:
        await connection.execute(next(each for each in every_table() if each.name == "events").insert(), many)

    moved = await move(filled, postgres_url)

    for table in every_table():
        sent = await all_rows(filled, table)
        assert await all_rows(postgres_url, table) == sent, table.name
        assert moved[table.name] == len(sent) > 0, table.name


async def test_what_waited_in_an_old_file_is_answered_on_postgresql(
    sqlite_url: str, postgres_url: str
) -> None:
    with sqlite3.connect(sqlite_url.removeprefix("sqlite+aiosqlite:///")) as database:
        database.executescript(DUMP.read_text(encoding="utf-8"))
    database.close()
    an_hour_later = WallClock()
    an_hour_later.advance(hours=1)
    highest = max(await rows(sqlite_url, "SELECT id FROM turns"))

    await move(sqlite_url, postgres_url)

    async with staged(postgres_url, now=an_hour_later) as stage:
        await stage.core.pool.sweep()
        await stage.rest()
        await stage.heal()
        assert await stage.states() == ["answered"] * 6
        await stage.hear(said("And now?"))
        assert (await stage.states())[6:] == ["answered"]
    assert max(await rows(postgres_url, "SELECT id FROM turns")) > highest  # type: ignore[type-var]


async def test_a_row_that_arrives_changed_is_noticed_and_nothing_is_moved(
    filled: str, postgres_url: str
) -> None:
    await fill(filled, range(1, 3))
    async with Database(postgres_url) as database:
        await migrate.upgrade(database)
    with psycopg.connect(postgres_url.replace("+psycopg", ""), autocommit=True) as server:
        server.execute(
            "CREATE FUNCTION spoil() RETURNS trigger AS $$ BEGIN NEW.text := NEW.text || '!'; RETURN NEW; END $$"
            " LANGUAGE plpgsql"
        )
        server.execute("CREATE TRIGGER spoil BEFORE INSERT ON messages FOR EACH ROW EXECUTE FUNCTION spoil()")

    with pytest.raises(BackupRefused, match="table messages did not arrive as it was sent"):
        await move(filled, postgres_url)

    assert await rows(postgres_url, "SELECT id FROM persons") == []
    assert await rows(filled, "SELECT id FROM persons") == [1, 2]


async def test_a_target_with_rows_is_refused_and_left_alone(filled: str, postgres_url: str) -> None:
    async with Database(postgres_url) as database:
        await migrate.upgrade(database)
    await change(postgres_url, event("theirs"))

    with pytest.raises(SettingRefused, match=r"has rows already \(events\)"):
        await move(filled, postgres_url)

    assert await rows(postgres_url, "SELECT key FROM events") == ["theirs"]


async def test_nothing_is_moved_from_under_a_running_bot(filled: str, postgres_url: str) -> None:
    path = Database(filled).path

    with held_alone(path), pytest.raises(DatabaseBusy):
        await move(filled, postgres_url)


async def test_only_a_file_is_moved_and_only_to_a_server(
    filled: str, postgres_url: str, tmp_path: Path
) -> None:
    missing = f"sqlite+aiosqlite:///{tmp_path / 'missing.sqlite3'}"

    with pytest.raises(SettingRefused, match="the data is not in a SQLite file"):
        await move(postgres_url, postgres_url)
    with pytest.raises(SettingRefused, match="name a PostgreSQL database"):
        await move(filled, filled)
    with pytest.raises(BackupRefused, match="no such file"):
        await move(missing, postgres_url)
    assert not (tmp_path / "missing.sqlite3").exists()


def test_the_command_tells_what_arrived_and_what_to_set_next(
    filled: str, postgres_url: str, tmp_path: Path
) -> None:
    asyncio.run(change(filled, event("one")))
    config = tmp_path / "config.toml"
    config.write_text(f'[storage]\nurl = "{filled}"\n')

    moved = told("db", "move", "--to", postgres_url, "--config", config)

    assert moved.exit_code == 0, moved.stderr
    assert moved.stdout.startswith(
        "events: 1 rows\nmoved 1 rows, and compared them; now set [storage] url to "
    )
