"""Procrastinate's own tables and functions in our database: installed and brought to the installed release.

Procrastinate keeps no record of what it applied, so the last of its migrations stands in the comment of its table of
jobs. They are applied in one transaction, under the lock that our own migrations take.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from core.domain import SettingRefused
from core.storage.db import Database, migrate

SETTING, ENGINE = "[storage] dispatch", "procrastinate"
JOBS = "procrastinate_jobs"
_OURS = "aivax-bots: "
_STANDING = text("SELECT to_regclass(:table) IS NOT NULL, obj_description(to_regclass(:table), 'pg_class')")
_INSTEAD = 'set [storage] dispatch = "rows"'


async def prepare(database: Database, dispatch: str) -> str:
    """Have work told of as `[storage] dispatch` says, with its tables at the installed release; their last migration.

    `""` where it needs none.

    Raises:
        SettingRefused: Procrastinate is not installed; the database is SQLite; its tables are a newer release's, or
            another program's.
        DatabaseFailed: the database can't be used.
    """
    if dispatch != ENGINE:
        return ""
    if database.is_sqlite:
        fix = f"it needs PostgreSQL: set [storage] url, or {_INSTEAD}"
        raise SettingRefused(SETTING, value=ENGINE, fix=fix)
    reached = await _upgrade(database)
    database.use_jobs()
    return reached


async def _upgrade(database: Database) -> str:
    wanted = migrations()
    async with database.write(many_rows=True) as connection:
        await connection.execute(text(f"SELECT pg_advisory_xact_lock({migrate.POSTGRES_LOCK})"))
        standing = await _standing(connection)
        if standing is None:
            missing = [_sql() / "schema.sql"]
        else:
            missing = [_sql() / "migrations" / name for name in wanted[_place(standing, wanted) + 1 :]]
        for script in missing:
            await _run(connection, await asyncio.to_thread(script.read_text, "utf-8"))
        if standing != wanted[-1]:
            await connection.exec_driver_sql(f"COMMENT ON TABLE {JOBS} IS '{_OURS}{wanted[-1]}'")
    return wanted[-1]


@cache
def migrations() -> Sequence[str]:
    """The migrations of the installed release, the oldest first. Raises `SettingRefused` where it is not installed."""
    return sorted(file.name for file in (_sql() / "migrations").iterdir() if file.suffix == ".sql")


def _sql() -> Path:
    spec = find_spec(ENGINE)
    if spec is None or spec.origin is None:
        fix = f"it is not installed: pip install 'aivax-bots[procrastinate]', or {_INSTEAD}"
        raise SettingRefused(SETTING, value=ENGINE, fix=fix)
    return Path(spec.origin).parent / "sql"


async def _standing(connection: AsyncConnection) -> str | None:
    is_there, comment = (await connection.execute(_STANDING, {"table": JOBS})).one()
    if not is_there:
        return None
    if not (comment or "").startswith(_OURS):
        fix = f"another program keeps its jobs in this database: give the bot one of its own, or {_INSTEAD}"
        raise SettingRefused(SETTING, value=ENGINE, fix=fix)
    return str(comment).removeprefix(_OURS)


def _place(standing: str, known: Sequence[str]) -> int:
    if standing not in known:
        fix = (
            f"its tables stand at {standing}, and the installed release knows up to {known[-1]}: install the release"
            f" that was used before, or a newer one, or {_INSTEAD}"
        )
        raise SettingRefused(SETTING, value=ENGINE, fix=fix)
    return known.index(standing)


async def _run(connection: AsyncConnection, script: str) -> None:
    """Run several statements: the driver's own connection takes them, in the same transaction."""
    driver: Any = (await connection.get_raw_connection()).driver_connection
    await driver.execute(script)
