"""What platforms and AIVAX tell beside words: the columns come with an upgrade, and go with a downgrade."""

from __future__ import annotations

from alembic import command
from sqlalchemy import inspect, text
from sqlalchemy.engine import Connection

from core.storage.db import Database, migrate

COLUMNS = {"identities": "time_zone", "usage": "provider", "breakers": "told"}


def present(connection: Connection) -> set[str]:
    found = inspect(connection)
    return {
        table
        for table, name in COLUMNS.items()
        if name in {column["name"] for column in found.get_columns(table)}
    }


async def test_the_columns_come_and_go_and_the_rows_stay(storage_url: str) -> None:
    async with Database(storage_url) as database:
        async with database.write() as connection:
            await connection.run_sync(lambda sync: command.upgrade(migrate._config(sync), "0011"))
            await connection.execute(
                text("INSERT INTO persons (id, key, created_at) VALUES (1, 'p', '2026-01-01')")
            )
            await connection.execute(
                text(
                    'INSERT INTO identities (id, person_id, platform, workspace, "user", name, locale,'
                    " chosen_locale, created_at) VALUES (1, 1, 'fake', '', 'u', 'Ana', '', '', '2026-01-01')"
                )
            )
            assert await connection.run_sync(present) == set()

        await migrate.upgrade(database)

        async with database.write() as connection:
            assert await connection.run_sync(present) == set(COLUMNS)
            await connection.execute(text("UPDATE identities SET time_zone = 'Asia/Tokyo'"))
            await connection.run_sync(lambda sync: command.downgrade(migrate._config(sync), "0011"))
            assert await connection.run_sync(present) == set()
            assert list((await connection.execute(text("SELECT name FROM identities"))).scalars()) == ["Ana"]
