"""An answer on the terminal: the text as it comes, a status line only where someone watches."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from types import TracebackType
from typing import Protocol, Self

from bots.terminal.text import Printable, printable
from core.domain import Apology, Button, Footer, FrontendUnreachable, Ledger, Status

CLEAR_LINE, NEXT_LINE, UP = "\r\x1b[K", "\r\n", "\x1b[A"
DIM, PLAIN = "\x1b[2m", "\x1b[0m"
WIDEST_STATUS = 70


class Shown(Protocol):
    """Who waits for an answer to be on the screen, and brings it there."""

    async def begin(self, address: str) -> None:
        """An answer is about to show: make room for it."""

    def leave(self, address: str) -> None:
        """Whatever showed of it stands."""

    def show(self, text: str) -> None:
        """Raises `FrontendUnreachable` when nobody reads the screen any more."""

    def expect(self, address: str, files: int) -> None:
        """So many files are still to come of the answer."""

    def end(self, address: str) -> None: ...


class Painter(Protocol):
    """Shows an answer's Markdown formatted."""

    def feed(self, text: str) -> float:
        """Show a piece: now, and 0 comes back, or by a `catch_up` in so many seconds."""

    def catch_up(self) -> float:
        """Show what came meanwhile, unless it is too early still: then in so many seconds, and otherwise 0."""

    def finish(self) -> None: ...


class TerminalSurface:
    """`core.domain.ports.ReplySurface` for a terminal. It remembers nothing: an answer opened again is shown whole."""

    def __init__(
        self,
        shown: Shown,
        address: str,
        ledger: Ledger,
        painter: Painter | None = None,
        *,
        watched: bool = False,
    ) -> None:
        """`painter` formats the answer's Markdown; without one it is shown as it comes. `watched`: with a status."""
        self._shown = shown
        self._address = address
        self._ledger = ledger
        self._painter = painter
        self._watched = watched
        self._length = 0
        self._text = Printable()
        self._ends_line = True
        self._status = False
        self._is_below = False
        """Whether the status stands on a line of its own below a text that goes on."""
        self._catching_up: asyncio.TimerHandle | None = None

    async def __aenter__(self) -> Self:
        await self._ledger.intend(0)
        await self._shown.begin(self._address)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with suppress(FrontendUnreachable):
            self._end_paragraph("")
        self._shown.leave(self._address)

    async def write(self, delta: str) -> None:
        self._clear_status()
        self._length += len(delta)
        clean = self._text.feed(delta)
        if self._painter is None:
            self._print(clean)
        elif clean:
            self._ends_line = False
            self._catch_up_in(self._painter.feed(clean))

    async def note(self, status: Status) -> None:
        self._clear_status()
        if status.text and self._watched and (self._ends_line or self._painter is not None):
            line = printable(status.text).replace("\n", " ")[:WIDEST_STATUS]
            self._is_below = (
                not self._ends_line
            )  # the painter paints over it, wherever in its row the cursor is
            self._shown.show(f"{NEXT_LINE if self._is_below else ''}{DIM}{line}{PLAIN}")
            self._status = True

    async def offer(self, buttons: Sequence[Button]) -> None:
        """A terminal has no buttons."""

    async def pause(self) -> None:
        """What is on the screen stays there: a status becomes a line of its own."""
        if self._status:
            self._status = False
            self._shown.show("\n")

    async def finish(self, footer: Footer) -> None:
        await self._close(footer.text, files=footer.files)

    async def fail(self, apology: Apology) -> None:
        await self._close(apology.text)

    async def _close(self, text: str, *, files: int = 0) -> None:
        self._end_paragraph(text)
        await self._ledger.posted(0, "terminal", self._length, closed=True)
        if files:
            self._shown.expect(self._address, files)
        else:
            self._shown.end(self._address)

    def _catch_up_in(self, left_s: float) -> None:
        """Show what came in so many seconds, though no other piece may come until then; 0: it is shown."""
        if self._catching_up is not None:
            self._catching_up.cancel()
        loop = asyncio.get_running_loop()
        self._catching_up = loop.call_later(left_s, self._catch_up) if left_s else None

    def _catch_up(self) -> None:
        if self._painter is not None:
            with suppress(FrontendUnreachable):  # the next piece finds it out
                self._catch_up_in(self._painter.catch_up())

    def _end_paragraph(self, text: str) -> None:
        self._clear_status()
        self._catch_up_in(0)
        if self._painter is not None and not self._ends_line:
            self._painter.finish()
        elif not self._ends_line:
            self._print("\n")
        self._ends_line = True
        if text:
            self._print(f"{printable(text)}\n")

    def _print(self, text: str) -> None:
        if text:
            self._shown.show(text)
            self._ends_line = text.endswith("\n")

    def _clear_status(self) -> None:
        if self._status:
            self._status = False
            self._shown.show(f"{CLEAR_LINE}{UP if self._is_below else ''}")
