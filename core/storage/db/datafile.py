"""The file of a SQLite database: made for its owner alone, and looked at again while it is open."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from core.domain import DatabaseGone
from core.util.log import log

FOLDER_MODE = 0o700
FILE_MODE = 0o600
OTHERS = 0o077
"""What the group and everybody else may do."""


def make_folder(path: Path) -> None:
    """Make the folder of a file, for its owner alone, whatever the umask; one that exists stays as it is."""
    folder = path.parent
    if folder.is_dir():
        return
    folder.mkdir(parents=True, exist_ok=True, mode=FOLDER_MODE)
    folder.chmod(FOLDER_MODE)


def make(path: Path) -> None:
    """Make an empty database, only its owner's, unless it is there; SQLite gives its `-wal` the same mode.

    Where that can't be done SQLite will say why. No lock of SQLite's can be lost by closing the file here: it is
    new, so nobody has one.
    """
    make_folder(path)
    with suppress(OSError):
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, FILE_MODE)
        try:
            os.fchmod(handle, FILE_MODE)
        finally:
            os.close(handle)


def warn_of_readers(config: Path | None, database: Path | None) -> None:
    """Name the files that the group or everybody may read or write, and what mends that: said once, at the start."""
    for path, holds in ((config, "keys and tokens"), (database, "what people wrote")):
        with suppress(OSError):
            if path is not None and path.stat().st_mode & OTHERS:
                log.warning("file.open_to_others", path=str(path), holds=holds, fix=f"chmod 600 {path}")


class OpenFile:
    """Remembers which file a path named when it was opened: SQLite goes on with a deleted one as if nothing were."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._opened = _identity(path)
        self._gone = False

    @property
    def problem(self) -> DatabaseGone | None:
        """What keeps the file from being used: the path names another one now, or none. Stays so until a restart."""
        if not self._gone and self._opened is not None and _identity(self._path) != self._opened:
            self._gone = True
            fix = "stop the bot, put the file back or `db restore` a backup, and start it again"
            log.error("database.gone", path=str(self._path), fix=fix)
        return DatabaseGone(str(self._path)) if self._gone else None

    def check(self) -> None:
        """Raise `DatabaseGone` where there is a problem. Takes some microseconds."""
        if (problem := self.problem) is not None:
            raise problem


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino
