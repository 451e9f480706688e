"""A restore drill: a backup is restored into a place of its own, looked through, and thrown away."""

from __future__ import annotations

import shutil
import tempfile
import uuid
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import URL, Column, Table, func, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from core.domain import BackupRefused
from core.storage.db import Database, migrate, parse_url, turns
from core.storage.db.error_mapping import reason_of
from core.storage.ops.backup import restore
from core.storage.ops.every_table import every_table

OPEN_STATES = ("queued", "running", "parked")


@dataclass(frozen=True, slots=True)
class Found:
    """What a restored backup holds."""

    revision: str
    """Of the schema that it was brought to."""
    rows: Mapping[str, int]
    """By table, those that have any."""
    dangling: Mapping[str, int]
    """Rows whose reference leads nowhere, by `table.column`: none in a sound backup."""
    newest_at: datetime | None
    """When the newest turn in it was taken in; None: there is none."""
    waiting: int
    """Turns that would be answered after a restore."""


async def drill(url: str, source: Path, *, identity: str = "", into: str = "") -> Found:
    """Restore `source` as `restore` would, but elsewhere, and say what is in it. The database at `url` stays alone.

    SQLite: into a temporary folder beside the database's file. PostgreSQL: into a database that is made on the same
    server and dropped at the end, or into the empty one that `into` names.

    Raises like `restore`; `BackupRefused`, too, when no such database can be made.
    """
    address = parse_url(into or url)
    if address.get_backend_name() == "sqlite":
        with _folder_for(address) as folder:
            return await _restored(f"sqlite+aiosqlite:///{folder}/drill.sqlite3", source, identity)
    if into:
        return await _restored(into, source, identity)
    async with _made_on(address, source) as made:
        return await _restored(made, source, identity)


async def _restored(url: str, source: Path, identity: str) -> Found:
    await restore(url, source, identity=identity)
    async with Database(url) as database:
        revision = await migrate.current(database)
        async with database.read(many_rows=True) as connection:
            return await _look(connection, revision)


async def _look(connection: AsyncConnection, revision: str) -> Found:
    rows = {table.name: await _count(connection, table) for table in every_table()}
    dangling = {
        f"{table.name}.{column.name}": await _dangling(connection, column)
        for table in every_table()
        for column in table.columns
        if column.foreign_keys
    }
    waiting = select(func.count()).select_from(turns).where(turns.c.state.in_(OPEN_STATES))
    return Found(
        revision,
        {name: count for name, count in rows.items() if count},
        {name: count for name, count in dangling.items() if count},
        await connection.scalar(select(func.max(turns.c.created_at))),
        await connection.scalar(waiting) or 0,
    )


async def _count(connection: AsyncConnection, table: Table) -> int:
    return await connection.scalar(select(func.count()).select_from(table)) or 0


async def _dangling(connection: AsyncConnection, column: Column[object]) -> int:
    """How many rows refer to one that is not there."""
    (key,) = column.foreign_keys
    target = key.column.table.alias()
    there = select(target.c[key.column.name]).where(target.c[key.column.name] == column).exists()
    lost = select(func.count()).select_from(column.table).where(column.is_not(None), ~there)
    return await connection.scalar(lost) or 0


@contextmanager
def _folder_for(address: URL) -> Iterator[Path]:
    """A temporary folder beside a SQLite file, where there is room for another of its size."""
    parent = Path(address.database or "").absolute().parent
    folder = Path(tempfile.mkdtemp(prefix=".drill-", dir=parent if parent.is_dir() else None))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@asynccontextmanager
async def _made_on(address: URL, source: Path) -> AsyncIterator[str]:
    """A database of its own on the server of another one."""
    name = f"aivax_bots_drill_{uuid.uuid4().hex[:12]}"
    engine = create_async_engine(address, isolation_level="AUTOCOMMIT", hide_parameters=True)
    try:
        async with engine.connect() as connection:
            await connection.execute(text(f'CREATE DATABASE "{name}" TEMPLATE template0'))
    except (DBAPIError, OSError) as exc:
        await engine.dispose()
        why = reason_of(exc) if isinstance(exc, DBAPIError) else str(exc)
        fix = "give the account CREATEDB, or name an empty database: --into URL"
        raise BackupRefused(str(source), f"no database for the drill could be made ({why}); {fix}") from exc
    try:
        yield address.set(database=name).render_as_string(hide_password=False)
    finally:
        async with engine.connect() as connection:
            await connection.execute(text(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'))
        await engine.dispose()
