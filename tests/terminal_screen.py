"""A program in a pseudo-terminal, and what a person sees on its screen after all that was written to it."""

from __future__ import annotations

import asyncio
import fcntl
import os
import pty
import struct
import termios
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pyte
from pyte.screens import Char

from tests.programs import Program, forker
from tests.waiting import soon, waiting_for

COLUMNS, ROWS = 80, 24


class ScreenOf:
    """The terminal of a program: its rows, the keys that are pressed, and the end."""

    def __init__(self, process: Program, terminal: int, columns: int, rows: int) -> None:
        self.process = process
        self._terminal = terminal
        self._screen = pyte.HistoryScreen(columns, rows, history=2_000)
        self._screen.write_process_input = self.press  # answers what the program asks of the terminal
        self._stream = pyte.ByteStream(self._screen)
        self.written = b""

    def press(self, keys: str) -> None:
        os.write(self._terminal, keys.encode())

    @property
    def rows(self) -> list[str]:
        """What stands on the screen, without the blank rows below."""
        rows = [row.rstrip() for row in self._screen.display]
        while rows and not rows[-1]:
            rows.pop()
        return rows

    @property
    def text(self) -> str:
        """What stands on the screen and what has left it at the top."""
        above = ("".join(letter.data for letter in row) for row in self._above)
        return "\n".join([*(row.rstrip() for row in above), *self.rows])

    @property
    def letters(self) -> list[list[Char]]:
        """The same, each letter with how it looks."""
        columns, count = range(self._screen.columns), len(self.rows)
        here = ([self._screen.buffer[row][at] for at in columns] for row in range(count))
        return [*self._above, *here]

    @property
    def _above(self) -> list[list[Char]]:
        return [[row[at] for at in range(self._screen.columns)] for row in self._screen.history.top]

    async def shows(self, what: str, is_so: Callable[[], bool]) -> None:
        """Wait until the screen is so."""
        async with waiting_for(f"{what}; the screen: {self.rows}"):
            while not is_so():
                assert await self._read(), f"it ended before {what}: {self.text}"

    async def sees(self, words: str) -> None:
        """Wait until these words stand somewhere on the screen or above it."""
        try:
            await self.shows(words, lambda: words in self.text)
        except AssertionError as never:
            raise AssertionError(f"{never}\n{self.text}") from None

    async def ended(self) -> int:
        """How the program ended."""
        async with waiting_for("the end of the program"):
            while await self._read():
                pass
        return await soon("how it ended", self.process.wait())

    async def _read(self) -> bool:
        loop = asyncio.get_running_loop()
        readable = asyncio.Event()
        loop.add_reader(self._terminal, readable.set)
        try:
            await readable.wait()  # no deadline: those who call it have one
            data = os.read(self._terminal, 65_536)
        except OSError:  # how Linux says that the other end is closed
            data = b""
        finally:
            loop.remove_reader(self._terminal)
        self.written += data
        self._stream.feed(data)
        return bool(data)


@asynccontextmanager
async def at_screen(
    *arguments: str,
    env: Mapping[str, str],
    cwd: Path | None = None,
    columns: int = COLUMNS,
    rows: int = ROWS,
) -> AsyncIterator[ScreenOf]:
    """`aivax-bots` in a terminal of this size."""
    ours, its = pty.openpty()
    fcntl.ioctl(its, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    process = await forker().start(*arguments, cwd=cwd, env=env, files=(its, its, its), terminal=True)
    os.close(its)
    try:
        yield ScreenOf(process, ours, columns, rows)
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await soon("the end of the program", process.wait())
        os.close(ours)
