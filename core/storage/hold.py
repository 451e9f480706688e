"""One process on one SQLite file: who holds it keeps every other `run`, `chat` and `db restore` off."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from core.errors import DatabaseBusy


@contextmanager
def held_alone(path: Path | None) -> Iterator[None]:
    """Hold a SQLite file for this process, or raise `DatabaseBusy`. Without a path there is nothing to hold.

    A lock beside the file, given back by the system when its process dies. Commands that only look, and `db
    backup`, work beside whoever holds it.
    """
    if path is None:
        yield
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(f"{path}.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise DatabaseBusy(str(path)) from None
    try:
        yield
    finally:
        lock.release()
