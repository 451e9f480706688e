"""A SQLite file copied while it is in use, and one put in the place of another."""

from __future__ import annotations

import itertools
import os
import shutil
import sqlite3
from contextlib import closing, suppress
from pathlib import Path

from core.domain import DatabaseBusy, DatabaseUnreachable
from core.storage.db import FILE_MODE

BESIDE = ("-wal", "-shm", "-journal")
"""The files that SQLite keeps next to a database, and that belong to it alone."""
MAGIC = b"SQLite format 3\x00"
KEPT = ".before-restore"
PATIENCE_S = 30.0
BUSY = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


def copy(path: Path, draft: Path) -> None:
    """Copy a database into an existing empty file, complete in itself and checked.

    In one step, in the view that a reader gets: neither waits for writers nor keeps one waiting. Raises
    `sqlite3.Error` when the copy is not sound.
    """
    if not path.is_file():
        raise DatabaseUnreachable(str(path), "there is no such file")
    with closing(_open(path)) as source, closing(_open(draft)) as target:
        source.backup(target)
    with closing(_open(draft)) as target:
        target.execute("PRAGMA journal_mode=DELETE")
        found = str(target.execute("PRAGMA integrity_check(1)").fetchone()[0])
    if found != "ok":
        raise sqlite3.DatabaseError(found)


def put(draft: Path, target: Path) -> None:
    """Give a finished file its name, so that it is there whole or not at all, power cuts included."""
    _sync(draft)
    draft.replace(target)
    _sync(target.parent)


def exchange(path: Path, draft: Path) -> Path | None:
    """Put `draft` in the place of the database at `path`; under which name the old one is kept, if there was one.

    There is a database at `path` at every instant. Raises `DatabaseBusy` when a connection to the old one is open.
    """
    _into_one_file(draft)
    kept = None
    if path.exists():
        if _is_database(path):  # SQLite would throw away the log of a file that it does not know
            _refuse_open(path)
        _take_after(path, draft)
        kept = _link(path)
    for left in (Path(f"{path}{suffix}") for suffix in BESIDE):  # SQLite would take them for the new one's
        if left.exists() and kept is not None:
            left.rename(f"{kept}{left.name.removeprefix(path.name)}")
        left.unlink(missing_ok=True)
    put(draft, path)
    return kept


def _open(path: Path, patience_s: float = PATIENCE_S) -> sqlite3.Connection:
    """Open a file that exists; SQLite would otherwise create one."""
    uri = f"{path.absolute().as_uri()}?mode=rw"
    return sqlite3.connect(uri, uri=True, timeout=patience_s, isolation_level=None)


def _into_one_file(path: Path, patience_s: float = PATIENCE_S) -> None:
    with closing(_open(path, patience_s)) as database:
        database.execute("PRAGMA journal_mode=DELETE").fetchone()


def _is_database(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(len(MAGIC)) == MAGIC


def _refuse_open(path: Path) -> None:
    """Bring the old database's log into its file, which nobody else may have open. A damaged one is kept as it is."""
    try:
        _into_one_file(path, patience_s=0)
    except sqlite3.Error as exc:
        if exc.sqlite_errorcode & 0xFF in BUSY:
            raise DatabaseBusy(str(path)) from exc


def _take_after(path: Path, draft: Path) -> None:
    """Give the new file the old one's owner, where we may: root restores what the bot must open."""
    old = path.stat()
    with suppress(PermissionError):
        os.chown(draft, old.st_uid, old.st_gid)


def _link(path: Path) -> Path:
    """Give the old database a second name that is still free, and keep everybody else from reading it."""
    names = itertools.chain([""], (f".{number}" for number in itertools.count(2)))
    kept = next(name for name in (Path(f"{path}{KEPT}{number}") for number in names) if not name.exists())
    try:
        kept.hardlink_to(path)
    except OSError:  # some file systems have no second names
        shutil.copy2(path, kept)
        _sync(kept)
    with suppress(PermissionError):
        kept.chmod(FILE_MODE)
    return kept


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
