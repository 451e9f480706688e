"""Reading lines from standard input without blocking the loop."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from typing import TextIO


async def read_lines(source: TextIO) -> AsyncIterator[str]:
    """The lines of `source` as they come, until its end.

    A thread reads them: pipes, files and terminals can't all be polled. It is a daemon, so that one waiting for a
    person to type never keeps the program from ending; it reads ahead by no line. An input that breaks has ended.
    """
    loop = asyncio.get_running_loop()
    lines: asyncio.Queue[str | None] = asyncio.Queue()
    wanted = threading.Semaphore(0)
    left = threading.Event()

    def read() -> None:
        while True:
            wanted.acquire()
            if left.is_set():
                return
            line = _next_line(source)
            try:
                loop.call_soon_threadsafe(lines.put_nowait, line)
            except RuntimeError:  # the loop is closed: nobody waits any more
                return
            if line is None:
                return

    threading.Thread(target=read, name="stdin", daemon=True).start()
    try:
        while True:
            wanted.release()
            line = await lines.get()
            if line is None:
                return
            yield line
    finally:
        left.set()
        wanted.release()


def _next_line(source: TextIO) -> str | None:
    try:
        return source.readline() or None
    except (OSError, ValueError):  # the terminal is gone, or the file was closed
        return None
