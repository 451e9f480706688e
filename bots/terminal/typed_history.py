"""The file that keeps what was typed at the terminal from one chat to the next; only its owner reads it."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from pathlib import Path

from core.util.clock import Clock, utc_now
from core.util.log import log

MOST = 1_000
"""Messages that are kept, the newest."""
_OWNER_ALONE = 0o600


def history_path(database: Path | None) -> Path:
    """The file of the chats over a database: beside it, or in `data/` where that is a server."""
    return (database or Path("data") / "terminal").with_suffix(".history")


class TypedHistory:
    """JSON lines, the newest last. A file that can't be read or written is done without, and the log says so once."""

    def __init__(self, path: Path, *, keep_days: float = 0.0, now: Clock = utc_now) -> None:
        """What is older than `keep_days` is forgotten at the start; 0: nothing is for its age."""
        self._path = path
        self._now = now
        self._is_told = False
        self._trim(keep_days)

    def texts(self) -> list[str]:
        """What was typed, the newest first."""
        return [text for _, text in reversed(self._entries())]

    def add(self, text: str) -> None:
        """Keep what was typed now."""
        with self._told():
            self._write(os.O_APPEND, [(self._now(), text)])

    def erase(self) -> None:
        """Forget all of it."""
        with self._told():
            erase(self._path)

    def _entries(self) -> list[tuple[datetime, str]]:
        try:
            lines = self._path.read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError:
            return []
        return [entry for line in lines if (entry := _entry_of(line)) is not None]

    def _trim(self, keep_days: float) -> None:
        before = self._entries()
        since = self._now() - timedelta(days=keep_days)
        after = [each for each in before if not keep_days or each[0] >= since][-MOST:]
        if after != before:
            with self._told():
                self._write(os.O_TRUNC, after)

    def _write(self, how: int, entries: Iterable[tuple[datetime, str]]) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        file = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | how, _OWNER_ALONE)
        with os.fdopen(file, "w", encoding="utf-8") as written:
            os.fchmod(file, _OWNER_ALONE)
            for at, text in entries:
                written.write(json.dumps({"at": at.isoformat(), "text": text}) + "\n")

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            if not self._is_told:
                self._is_told = True
                log.warning("terminal.history_not_kept", path=str(self._path), cause=error.strerror)


def erase(path: Path) -> None:
    """Delete a file and what stood in it. Raises OSError where that can't be done."""
    with suppress(FileNotFoundError):
        os.truncate(path, 0)
        path.unlink()


def _entry_of(line: str) -> tuple[datetime, str] | None:
    """A line's time and text; None for one that is no entry, such as one that a crash cut short."""
    try:
        entry = json.loads(line)
        at, text = datetime.fromisoformat(entry["at"]), entry["text"]
    except (ValueError, TypeError, KeyError):
        return None
    return (at, text) if isinstance(text, str) and at.tzinfo is not None else None
