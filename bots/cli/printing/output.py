"""Printing on standard output, whatever the terminal lacks, and whether or not anybody reads it."""

from __future__ import annotations

import io
import os
import sys
from typing import TextIO


def lenient(stream: TextIO) -> TextIO:
    """Bytes that are no text, and characters that the terminal's encoding lacks, become a question mark."""
    if isinstance(stream, io.TextIOWrapper):
        stream.reconfigure(errors="replace")
    return stream


def flush() -> None:
    """Bring out what is printed. When nobody reads it any more, keep the interpreter from complaining at its end."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
