"""Bringing a database to the schema that this version needs, by migrations only."""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from core.domain import DatabaseNewer, DatabaseUnreachable
from core.storage.db.engine import Database

POSTGRES_LOCK = 0x61697662
"""Held while migrating, so that processes that start together migrate once."""


async def upgrade(database: Database) -> str:
    """Apply the missing migrations and return the revision reached.

    Raises `DatabaseNewer` when the database was written by a newer version, `DatabaseFailed` when it can't
    be used.
    """
    return await _on_connection(database, _upgrade)


async def current(database: Database) -> str:
    """The revision that the database stands at; `""` for an empty one. Raises like `upgrade`."""
    return await _on_connection(database, _current)


def head() -> str:
    """The revision that this version needs."""
    return _scripts().get_current_head() or ""


def knows(revision: str) -> bool:
    """Whether a database at this revision can be brought to the one that this version needs."""
    return revision in {script.revision for script in _scripts().walk_revisions()}


async def _on_connection(database: Database, work: Any) -> str:
    try:
        async with database.write(many_rows=True) as connection:
            result: str = await connection.run_sync(work)
            return result
    except OSError as exc:
        raise DatabaseUnreachable(database.shown_url, exc.strerror or str(exc)) from exc


def _config(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(resources.files("migrations")).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


@cache
def _scripts() -> ScriptDirectory:
    return ScriptDirectory.from_config(_config())


def _current(connection: Connection) -> str:
    return MigrationContext.configure(connection).get_current_revision() or ""


def _upgrade(connection: Connection) -> str:
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({POSTGRES_LOCK})")
    revision = _current(connection)
    if revision and not knows(revision):
        raise DatabaseNewer(revision)
    if revision != head():
        command.upgrade(_config(connection), "head")
    return _current(connection)
