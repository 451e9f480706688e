"""Inserts that may meet the row that they would make: `on_conflict_do_nothing`, `on_conflict_do_update`."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import Table
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.dml import ReturningInsert

if TYPE_CHECKING:
    from sqlalchemy.dialects import postgresql, sqlite


def insert_into(connection: AsyncConnection, table: Table) -> postgresql.Insert | sqlite.Insert:
    """An insert in the words of the connection's database; both kinds have the same methods for conflicts."""
    return insert_in(connection.dialect.name, table)


def insert_once(connection: AsyncConnection, table: Table) -> ReturningInsert[Any]:
    """An insert of the row that is given as parameters, unless one with the same key is there; returns its key."""
    return _insert_once(connection.dialect.name, table)


def insert_in(dialect: str, table: Table) -> postgresql.Insert | sqlite.Insert:
    """The same, by the name of the database."""
    if dialect == "postgresql":
        from sqlalchemy.dialects import postgresql  # megabytes; only who uses it pays

        return postgresql.insert(table)
    from sqlalchemy.dialects import sqlite

    return sqlite.insert(table)


@cache
def _insert_once(dialect: str, table: Table) -> ReturningInsert[Any]:
    return insert_in(dialect, table).on_conflict_do_nothing().returning(*table.primary_key)
