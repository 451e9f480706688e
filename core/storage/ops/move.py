"""All data from a SQLite file into an empty PostgreSQL database, compared row by row before it counts.

The target is filled in one transaction: it holds all or nothing. The file is only read.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import Column, RowMapping, Table, func, inspect, select, text, tuple_
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from core.domain import BackupRefused, DatabaseBusy, SettingRefused
from core.storage.db import Database, held_alone, migrate, parse_url
from core.storage.db.engine import database_path
from core.storage.ops import pg_dump
from core.storage.ops.every_table import every_table

PAGE = 500
"""Rows that are read and written together."""
_MODULUS = 1 << 256
TARGET = "--to"


async def move(url: str, to: str, tell: Callable[[str], object] = len) -> Mapping[str, int]:
    """Copy every table with its ids; how many rows each has. `tell` hears of each table that has any.

    Raises:
        SettingRefused: `url` is no SQLite file, or `to` no empty PostgreSQL database.
        DatabaseBusy: a bot runs on the file, or somebody is connected to the target.
        BackupRefused: what arrived is not what was sent. The target is then as empty as before.
        DatabaseFailed: one of them can't do it.
    """
    if parse_url(url).get_backend_name() != "sqlite":
        fix = "the data is not in a SQLite file: from PostgreSQL to PostgreSQL take `db backup` and `db restore`"
        raise SettingRefused("[storage] url", fix=fix)
    if parse_url(to).get_backend_name() != "postgresql":
        raise SettingRefused(
            TARGET, fix="name a PostgreSQL database: postgresql+psycopg://user@host/database"
        )
    path = database_path(url)
    if path is None or not path.is_file():
        raise BackupRefused(str(path), "there is no such file to move from")
    with held_alone(path):
        async with Database(url) as source, Database(to) as target:
            await migrate.upgrade(source)
            await _prepare(target)
            return await _move(source, target, tell)


async def _prepare(target: Database) -> None:
    """Bring the target to the schema; refuse one that is not empty or not alone."""
    await migrate.upgrade(target)
    async with target.read() as connection:
        filled = [table.name for table in every_table() if await _count(connection, table)]
    if filled:
        fix = f"it has rows already ({', '.join(filled[:3])}): name an empty database"
        raise SettingRefused(TARGET, value=target.shown_url, fix=fix)
    if await pg_dump.is_shared(target):
        raise DatabaseBusy(target.shown_url)


async def _move(source: Database, target: Database, tell: Callable[[str], object]) -> Mapping[str, int]:
    moved: dict[str, int] = {}
    async with source.read(many_rows=True) as reading, target.write(many_rows=True) as writing:
        await _refuse_unknown_tables(reading, source)
        for table in every_table():
            sent = await _copy(reading, writing, table, source)
            if await _fingerprint(writing, table) != sent:
                reason = f"table {table.name} did not arrive as it was sent; nothing was moved"
                raise BackupRefused(source.shown_url, reason)
            await _set_sequence(writing, table)
            moved[table.name] = sent[0]
            if sent[0]:
                tell(f"{table.name}: {sent[0]} rows")
    return moved


async def _refuse_unknown_tables(connection: AsyncConnection, source: Database) -> None:
    """A table that this version does not know would be left behind in silence."""
    names = await connection.run_sync(lambda bound: set(inspect(bound).get_table_names()))
    unknown = names - {table.name for table in every_table()} - {migrate.VERSION_TABLE}
    if unknown:
        reason = f"it has tables that are not of this version: {', '.join(sorted(unknown))}"
        raise BackupRefused(source.shown_url, reason)


async def _copy(
    reading: AsyncConnection, writing: AsyncConnection, table: Table, source: Database
) -> tuple[int, int]:
    """Write a table's rows; their number and fingerprint as they were read."""
    count = total = 0
    async for page in _pages(reading, table):
        try:
            await writing.execute(table.insert(), [dict(row) for row in page])
        except IntegrityError as exc:
            reason = f"table {table.name} has rows that break its rules: `aivax-bots db drill` names them"
            raise BackupRefused(source.shown_url, reason) from exc
        count += len(page)
        total = (total + sum(map(_digest, page))) % _MODULUS
    return count, total


async def _fingerprint(connection: AsyncConnection, table: Table) -> tuple[int, int]:
    count = total = 0
    async for page in _pages(connection, table):
        count += len(page)
        total = (total + sum(map(_digest, page))) % _MODULUS
    return count, total


async def _pages(connection: AsyncConnection, table: Table) -> AsyncIterator[Sequence[RowMapping]]:
    """All rows in the order of the primary key, some at a time."""
    key: list[Column[Any]] = list(table.primary_key.columns)
    query = select(table).order_by(*key).limit(PAGE)
    page = (await connection.execute(query)).mappings().all()
    while page:
        yield page
        last = tuple_(*(page[-1][column.name] for column in key))
        page = (await connection.execute(query.where(tuple_(*key) > last))).mappings().all()


def _digest(row: RowMapping) -> int:
    """A number of 256 bits for a row. They are added up, since the databases order texts differently."""
    values = json.dumps([_plain(value) for value in row.values()], sort_keys=True)
    return int.from_bytes(hashlib.sha256(values.encode()).digest())


def _plain(value: Any) -> Any:
    if isinstance(value, date):  # a datetime is one, too
        return value.isoformat()
    return value.hex() if isinstance(value, bytes) else value


async def _set_sequence(connection: AsyncConnection, table: Table) -> None:
    """Have the next row get the id after the highest."""
    column = table.autoincrement_column
    if column is None:
        return
    highest = await connection.scalar(select(func.max(column)))
    if highest is not None:
        sequence = text("SELECT setval(pg_get_serial_sequence(:table, :column), :highest)")
        values = {"table": f'"{table.name}"', "column": column.name, "highest": highest}
        await connection.execute(sequence, values)


async def _count(connection: AsyncConnection, table: Table) -> int:
    return await connection.scalar(select(func.count()).select_from(table)) or 0
