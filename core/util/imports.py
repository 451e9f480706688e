"""What libraries import beside what is used of them costs every start time, and every process memory."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def absent(*names: str) -> Iterator[None]:
    """Let modules appear not to be installed while a library is imported that takes them where it finds them.

    Those that are imported already stay; afterwards they can be imported as ever.
    """
    hidden = [name for name in names if name not in sys.modules]
    sys.modules.update(dict.fromkeys(hidden))  # type: ignore[arg-type]  # None: its import fails (importlib's docs)
    try:
        yield
    finally:
        for name in hidden:
            sys.modules.pop(name, None)
