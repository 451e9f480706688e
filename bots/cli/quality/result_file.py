"""What came of an evaluation's calls, in a file beside the questions: a run that ended early goes on where it was."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TextIO

from pydantic import TypeAdapter, ValidationError

from core.evaluation.calls import Called

_called = TypeAdapter(Called)


class ResultFile:
    """`core.evaluation.calls.Results` in lines of JSON, which only you can read: answers may hold what is private."""

    def __init__(self, known: dict[str, Called], file: TextIO) -> None:
        self._known = known
        self._file = file

    def find(self, key: str) -> Called | None:
        return self._known.get(key)

    def keep(self, called: Called) -> None:
        self._known[called.key] = called
        self._file.write(json.dumps(asdict(called), ensure_ascii=False) + "\n")
        self._file.flush()


@contextmanager
def open_results(path: Path) -> Iterator[ResultFile]:
    """Read what is there, and write behind it. A last line that a crash cut off is passed over.

    Raises:
        OSError: it can't be read or written.
    """
    known = {each.key: each for each in _read(path)} if path.exists() else {}
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    with os.fdopen(handle, "a", encoding="utf-8") as file:
        file.write("\n" if _is_cut(path) else "")
        yield ResultFile(known, file)


def _read(path: Path) -> Iterator[Called]:
    with path.open(encoding="utf-8", errors="replace") as lines:
        for line in lines:
            try:
                yield _called.validate_json(line, strict=True)
            except ValidationError:
                continue


def _is_cut(path: Path) -> bool:
    size = path.stat().st_size
    if not size:
        return False
    with path.open("rb") as file:
        file.seek(-1, os.SEEK_END)
        return file.read(1) != b"\n"
