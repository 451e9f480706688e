"""The database: reachable, of this version's schema, with room on its disk; and what was last heard and answered."""

from __future__ import annotations

import asyncio
import shutil
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from bots.doctor.server import server_findings
from core.domain import DatabaseFailed, DatabaseForbidden, DatabaseLocked, DatabaseReadOnly, StorageError
from core.domain.checks import Finding, failed, ok, unknown, warning
from core.settings import StorageSettings
from core.storage.db import Database, migrate
from core.storage.db.engine import database_path
from core.storage.operations.pauses import PauseStore
from core.storage.ops.inspection import WRITE_WAIT_S, liveliness, write_refusal
from core.util.clock import Clock

LOW_BYTES, LEAST_BYTES = 500_000_000, 50_000_000
UNWRITABLE = (DatabaseLocked, DatabaseReadOnly, DatabaseForbidden)
_FOR_OTHERS = stat.S_IRWXO


@dataclass(frozen=True, slots=True)
class StorageCheck:
    """Looks at the database without changing it, beside a running bot too."""

    settings: StorageSettings
    now: Clock | None = None
    """The database's, unless it is given."""
    name: str = "database"

    async def run(self) -> list[Finding]:
        path = database_path(self.settings.url)
        found = [] if path is None else list(_of_file(path))
        if path is not None and not path.exists():
            return [*found, ok("database", f"{path} is not there yet: the first start makes it")]
        if path is not None and isinstance(
            refusal := await asyncio.to_thread(write_refusal, path), UNWRITABLE
        ):
            return [*found, _unwritable(path, refusal)]
        try:
            async with Database(self.settings.url) as database:
                return [*found, *await self._look(database)]
        except DatabaseFailed as error:
            cure = "look at [storage] url, and whether the server runs and takes this account"
            return [*found, failed("database", f"{error.url} can't be read: {error.reason}", cure)]
        except StorageError as error:
            return [*found, failed("database", str(error), "look at [storage] url")]

    async def _look(self, database: Database) -> list[Finding]:
        revision = await migrate.seen(database)
        reached = [ok("database", f"{database.shown_url} can be read")]
        reached += await server_findings(database, self.settings)
        if not revision:
            return [*reached, ok("database.schema", "empty: the first start fills it")]
        if not migrate.knows(revision):
            cure = "install the newer aivax-bots again, or restore a backup (aivax-bots db restore)"
            return [
                *reached,
                failed("database.schema", f"revision {revision} was written by a newer version", cure),
            ]
        if revision != migrate.head():
            cure = "make a backup (aivax-bots db backup FILE), then start the bot: it upgrades by itself"
            return [*reached, warning("database.schema", f"revision {revision} is an older one's", cure)]
        return [*reached, ok("database.schema", f"revision {revision}"), *await self._heard(database)]

    async def _heard(self, database: Database) -> list[Finding]:
        seen, now = await liveliness(database), (self.now or database.now)()
        return [
            ok("activity.heard", _ago(now, seen.heard_at, "nobody has said anything yet")),
            ok("activity.answered", _ago(now, seen.answered_at, "nothing was answered yet")),
            ok("activity.waiting", f"{seen.waiting} questions wait or are being answered"),
            *await self._pause(database),
        ]

    async def _pause(self, database: Database) -> list[Finding]:
        now = self.now or database.now
        pause = await PauseStore(database, now).current()
        if pause is None:
            return []
        since = _span((now() - pause.since).total_seconds())
        told = f"answers are paused for {since}: questions are kept"
        return [warning("activity.paused", told, "aivax-bots resume")]


def _ago(now: datetime, times: Mapping[str, datetime], never: str) -> str:
    if not times:
        return never
    each = [f"{_span((now - at).total_seconds())} ago ({name})" for name, at in sorted(times.items())]
    return f"last {', '.join(each)}"


def _span(seconds: float) -> str:
    minutes = max(0.0, seconds) / 60
    for unit, size in (("days", 1_440), ("hours", 60)):
        if minutes >= 2 * size:
            return f"{minutes / size:.0f} {unit}"
    return f"{minutes:.0f} minutes"


def _unwritable(path: Path, refusal: DatabaseFailed) -> Finding:
    if isinstance(refusal, DatabaseLocked):
        cause = f"another program has held a transaction in {path} for more than {WRITE_WAIT_S:g} s"
        return failed("database.write", cause, f"end that program: fuser -v {path}")
    cure = f"make {path} and its folder writable for the account that runs the bot"
    return failed("database.write", f"{path} takes no changes: {refusal.reason}", cure)


def _nearest(folder: Path) -> Path:
    """The folder, or the nearest one above it that is there: the first start makes those below."""
    return next((each for each in (folder, *folder.parents) if each.is_dir()), folder)


def _of_file(path: Path) -> Iterator[Finding]:
    folder = _nearest(path.absolute().parent)
    try:
        free = shutil.disk_usage(folder).free
    except OSError as error:
        cure = "set [storage] url to a place that exists"
        yield failed("database.disk", f"{folder}: {error.strerror}", cure)
        return
    told, cure = f"{free / 1e9:.1f} GB free where the database is", "make room on that disk"
    if free < LEAST_BYTES:
        yield failed("database.disk", told, cure)
    elif free < LOW_BYTES:
        yield warning("database.disk", told, cure)
    else:
        yield ok("database.disk", told)
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        return
    except OSError as error:
        yield unknown("database.mode", f"{path}: {error.strerror}")
        return
    if mode & _FOR_OTHERS:
        yield warning(
            "database.mode", f"{path} can be read by every user of this machine", f"chmod o-rwx {path}"
        )
    else:
        yield ok("database.mode", f"{stat.filemode(mode)} {path}")
