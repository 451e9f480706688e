"""Bringing a database to the schema that this version needs, by migrations only.

Alembic is imported where there is something to migrate: a database that needs nothing is opened without it. So the
file of a migration is called after its revision.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection

from core.domain import DatabaseNewer, DatabaseUnreachable
from core.storage.db.engine import Database

if TYPE_CHECKING:
    from alembic.config import Config

VERSION_TABLE = "alembic_version"
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


async def seen(database: Database) -> str:
    """The revision that the database stands at, read beside whoever writes; `""` for an empty one."""
    try:
        async with database.read() as connection:
            return await connection.run_sync(_current)
    except OSError as exc:
        raise DatabaseUnreachable(database.shown_url, exc.strerror or str(exc)) from exc


def head() -> str:
    """The revision that this version needs."""
    return _revisions()[-1]


def knows(revision: str) -> bool:
    """Whether a database at this revision can be brought to the one that this version needs."""
    return revision in _revisions()


async def _on_connection(database: Database, work: Any) -> str:
    try:
        async with database.write(many_rows=True) as connection:
            result: str = await connection.run_sync(work)
            return result
    except OSError as exc:
        raise DatabaseUnreachable(database.shown_url, exc.strerror or str(exc)) from exc


@cache
def _revisions() -> Sequence[str]:
    """Every revision of this version, the oldest first."""
    files = (file.name for file in (resources.files("migrations") / "versions").iterdir())
    return sorted(name.partition("_")[0] for name in files if name[0].isdigit())


def _current(connection: Connection) -> str:
    if not connection.dialect.has_table(connection, VERSION_TABLE):
        return ""
    found: str | None = connection.exec_driver_sql(f"SELECT version_num FROM {VERSION_TABLE}").scalar()  # noqa: S608
    return found or ""


def _upgrade(connection: Connection) -> str:
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({POSTGRES_LOCK})")
    revision = _current(connection)
    if revision and not knows(revision):
        raise DatabaseNewer(revision)
    if revision != head():
        if (
            connection.dialect.name == "postgresql"
        ):  # a migration may compute for longer than a process that lives
            connection.exec_driver_sql("SET LOCAL idle_in_transaction_session_timeout = 0")
        _migrate(connection)
    return _current(connection)


def _migrate(connection: Connection) -> None:
    from alembic import command

    command.upgrade(_config(connection), "head")


def _config(connection: Connection | None = None) -> Config:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(resources.files("migrations")).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config
