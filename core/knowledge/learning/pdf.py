"""Has a PDF read in a process of its own, with bounds of time and memory, and takes in what it tells."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.knowledge.learning.pages import Page

PROGRAM = Path(__file__).with_name("pdf_reader.py")
PAGE_CHARS = 100_000
"""The longest page; what is beyond it is no page that somebody reads."""
_LINE_BYTES = PAGE_CHARS * 12 + 1_024
"""JSON writes one character as twelve bytes at most."""
_PIECE_BYTES = 262_144
"""So much of a document is written at once: to copy all of it would hold the loop up."""


@dataclass(frozen=True, slots=True)
class PdfBounds:
    """What reading one PDF may take."""

    seconds: float = 120.0
    memory_bytes: int = 1_000_000_000
    pages: int = 2_000


class PdfUnreadable(Exception):
    """It could not be read. `why` is `protected`, `unreadable`, `too_slow` or `too_many_pages`."""

    def __init__(self, why: str, *, pages: int = 0) -> None:
        super().__init__(why)
        self.why = why
        self.pages = pages


class PdfPages:
    """The pages of a PDF that is being read."""

    def __init__(self, count: int, process: asyncio.subprocess.Process) -> None:
        self.count = count
        """How many there are."""
        self._process = process

    async def __aiter__(self) -> AsyncIterator[Page]:
        """Each page as soon as it is read.

        Raises:
            PdfUnreadable: the process ended before it told all of them.
        """
        for number in range(1, self.count + 1):
            told = await _told(self._process)
            if told.get("page") != number or not isinstance(told.get("text"), str):
                raise PdfUnreadable("unreadable", pages=self.count)
            yield Page(number, told["text"])


@asynccontextmanager
async def open_pdf(data: bytes, bounds: PdfBounds) -> AsyncIterator[PdfPages]:
    """Begin to read a PDF; the process ends with the block, whatever it does by then.

    Raises:
        PdfUnreadable: it can't be read, has too many pages, or (inside the block, too) takes too long.
    """
    process = await _begin(bounds)
    feeding = asyncio.create_task(_feed(process, data))
    try:
        async with asyncio.timeout(bounds.seconds):
            told = await _told(process)
            count = told.get("pages")
            if not isinstance(count, int):
                raise PdfUnreadable("protected" if told.get("error") == "protected" else "unreadable")
            if count > bounds.pages:
                raise PdfUnreadable("too_many_pages", pages=count)
            yield PdfPages(count, process)
    except TimeoutError:
        raise PdfUnreadable("too_slow") from None
    finally:
        feeding.cancel()
        with suppress(ProcessLookupError):
            process.kill()
        await asyncio.gather(process.wait(), feeding, return_exceptions=True)


async def _begin(bounds: PdfBounds) -> asyncio.subprocess.Process:
    """`-I` and an empty environment: nothing of ours is read there, and no secret is to be found."""
    arguments = (int(bounds.seconds) + 1, bounds.memory_bytes, bounds.pages, PAGE_CHARS)
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-I", str(PROGRAM), *map(str, arguments)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env={},
        limit=_LINE_BYTES,
    )


async def _feed(process: asyncio.subprocess.Process, data: bytes) -> None:
    stdin = process.stdin
    if stdin is None:
        return
    with suppress(OSError):  # it ended early: what it told says why
        for begin in range(0, len(data), _PIECE_BYTES):  # what does not go out at once is copied
            stdin.write(data[begin : begin + _PIECE_BYTES])
            await stdin.drain()
        stdin.close()


async def _told(process: asyncio.subprocess.Process) -> dict[str, Any]:
    """The next thing that it tells; empty where it ended, or tells what it never would."""
    try:
        line = await process.stdout.readline() if process.stdout else b""
        told = json.loads(line)
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}
