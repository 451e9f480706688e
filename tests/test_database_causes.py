"""Each way in which a database fails is told as what it is, and only what passes is tried again."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import text

from bots.cli.commandline import sentence
from core.domain import (
    DatabaseCrowded,
    DatabaseDamaged,
    DatabaseFailed,
    DatabaseForbidden,
    DatabaseReadOnly,
    SchemaUnfit,
)
from core.storage.db import Database, outlast


async def failure_of(database: Database, *statements: str) -> DatabaseFailed:
    async def ask() -> None:
        async with database.write() as connection:
            for each in statements:
                await connection.execute(text(each))

    with pytest.raises(DatabaseFailed) as raised:
        await ask()
    return raised.value


@pytest.mark.parametrize("statement", ["SELECT taste FROM turns", "SELECT * FROM flavours"])
async def test_what_the_database_does_not_have_is_told_as_a_bug(database: Database, statement: str) -> None:
    failure = await failure_of(database, statement)

    assert type(failure) is SchemaUnfit
    assert "report it" in sentence(failure)


async def test_a_database_that_takes_no_changes_is_told_so(database: Database) -> None:
    only_read = "PRAGMA query_only = ON" if database.is_sqlite else "SET TRANSACTION READ ONLY"

    failure = await failure_of(database, only_read, "DELETE FROM alerts")

    assert type(failure) is DatabaseReadOnly
    assert "writable" in sentence(failure)


async def test_a_file_that_is_no_database_is_told_so(tmp_path: Path) -> None:
    path = tmp_path / "bot.sqlite3"
    path.write_bytes(b"an old shopping list" * 1000)
    async with Database(f"sqlite+aiosqlite:///{path}") as database:
        failure = await failure_of(database, "SELECT 1")

    assert type(failure) is DatabaseDamaged
    assert "restore a backup" in sentence(failure)


@pytest.mark.may_skip("a SQLite file has no server")
@pytest.mark.parametrize(
    ("statements", "kind"),
    [
        (("CREATE ROLE weak", "SET ROLE weak", "DELETE FROM alerts"), DatabaseForbidden),
        (("DO $$BEGIN RAISE EXCEPTION 'full' USING ERRCODE = '53300'; END$$",), DatabaseCrowded),
    ],
)
async def test_what_a_server_refuses_is_told_by_its_cause(
    database: Database, statements: tuple[str, ...], kind: type[DatabaseFailed]
) -> None:
    if database.is_sqlite:
        pytest.skip("a SQLite file has no server")

    assert type(await failure_of(database, *statements)) is kind


async def test_only_what_passes_is_tried_again() -> None:
    tried = []

    async def work() -> None:
        tried.append("once")
        raise SchemaUnfit("sqlite:///bot", "no such column: taste")

    with pytest.raises(SchemaUnfit):
        await outlast(work, waits_s=(0, 0))

    assert tried == ["once"]
