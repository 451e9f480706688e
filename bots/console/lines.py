"""Reading lines from standard input without blocking the loop."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from typing import TextIO


async def read_lines(source: TextIO) -> AsyncIterator[str]:
    """The lines of `source` as they come, until its end.

    A thread reads them: pipes, files and terminals can't all be polled. It is a daemon, so that one waiting for a
    person to type never keeps the program from ending; it reads ahead by one line only.
    """
    loop = asyncio.get_running_loop()
    lines: asyncio.Queue[str | None] = asyncio.Queue()
    wanted = threading.Semaphore(0)

    def read() -> None:
        while True:
            wanted.acquire()
            line = source.readline() or None
            try:
                loop.call_soon_threadsafe(lines.put_nowait, line)
            except RuntimeError:  # the loop is closed: nobody waits any more
                return
            if line is None:
                return

    threading.Thread(target=read, name="stdin", daemon=True).start()
    while True:
        wanted.release()
        line = await lines.get()
        if line is None:
            return
        yield line
