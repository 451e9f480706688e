"""Reads the text of a PDF, page by page: a program of its own, begun by `core.knowledge.learning.pdf`.

A PDF is hostile: it may take all memory, or for ever. So it is read in a process that has bounds of its own, no
environment, no network to speak of and no secrets, and whose death harms nobody. It imports nothing of this project.

The file comes on standard input. On standard output there is one JSON document a line: `{"pages": 200}`, then
`{"page": 1, "text": "..."}` for each page; or `{"error": "protected" | "unreadable"}` at any point.

Arguments: seconds of processor time, bytes of memory, pages, characters of one page.
"""

from __future__ import annotations

import json
import logging
import resource
import sys
from contextlib import suppress
from io import BytesIO


def main() -> None:
    """Read it, within the bounds that the arguments set."""
    cpu_s, memory_bytes, most_pages, page_chars = map(int, sys.argv[1:5])
    _bind(cpu_s, memory_bytes)
    logging.disable()
    try:
        _read(sys.stdin.buffer.read(), most_pages, page_chars)
    except (MemoryError, RecursionError):
        _tell({"error": "unreadable"})


def _bind(cpu_s: int, memory_bytes: int) -> None:
    bounds = {
        resource.RLIMIT_CPU: cpu_s,
        resource.RLIMIT_AS: memory_bytes,
        resource.RLIMIT_FSIZE: 0,
        resource.RLIMIT_CORE: 0,
    }
    for kind, most in bounds.items():
        with suppress(ValueError, OSError):  # some systems know no bound of memory: the time still ends it
            resource.setrlimit(kind, (most, most))


def _read(data: bytes, most_pages: int, page_chars: int) -> None:
    from pypdf import PdfReader
    from pypdf.errors import PyPdfError

    try:
        reader = PdfReader(BytesIO(data))
        if reader.is_encrypted and not reader.decrypt(""):
            return _tell({"error": "protected"})
        count = len(reader.pages)
    except PyPdfError as error:
        return _tell({"error": "protected" if "ncrypt" in str(error) else "unreadable"})
    except Exception:  # noqa: BLE001  a broken file breaks the library at any point
        return _tell({"error": "unreadable"})
    _tell({"pages": count})
    for number in range(1, min(count, most_pages) + 1):
        text = ""
        with suppress(Exception):  # one broken page is an empty one
            text = reader.pages[number - 1].extract_text()[:page_chars]
        _tell({"page": number, "text": text})
    return None


def _tell(told: object) -> None:
    sys.stdout.write(json.dumps(told) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
