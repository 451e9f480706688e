"""One process on one SQLite file: who holds it keeps every other `run`, `chat` and `db restore` off."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from core.domain import DatabaseBusy
from core.storage.db.datafile import FILE_MODE, make_folder


@contextmanager
def held_alone(path: Path | None) -> Iterator[None]:
    """Hold a SQLite file for this process, or raise `DatabaseBusy`. Without a path there is nothing to hold.

    Enter before the database is opened, leave after it is closed. Two locks, both given back by the system when the
    process dies: `NAME.lock` beside the file that the path leads to, which also holds a name without a file, and the
    file itself, by whatever other name it is reached, even after `NAME.lock` was removed. Commands that only look,
    and `db backup`, work beside whoever holds it.
    """
    if path is None:
        yield
        return
    make_folder(path)
    with _name_held(path.resolve(), path), _file_held(path):
        yield


@contextmanager
def _name_held(target: Path, path: Path) -> Iterator[None]:
    lock = FileLock(f"{target}.lock", mode=FILE_MODE)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise DatabaseBusy(str(path)) from None
    try:
        yield
    finally:
        lock.release()


@contextmanager
def _file_held(path: Path) -> Iterator[None]:
    """Lock the file by `flock`, which belongs to this one handle, and which SQLite's own locks (`fcntl`) don't meet.

    The handle stays open for as long as SQLite works: closing any handle on a file ends all `fcntl` locks that the
    process has on it.
    """
    try:
        handle = os.open(path, os.O_RDONLY)
    except (
        OSError
    ):  # no file yet, or none that may be read: there is nothing that somebody else could have open
        yield
        return
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        raise DatabaseBusy(str(path)) from None
    try:
        yield
    finally:
        os.close(handle)
