"""An answer's Markdown on a terminal, painted anew as it grows."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from io import StringIO

from rich.console import Console, ConsoleOptions, RenderResult
from rich.markdown import Markdown
from rich.segment import Segment

from bots.terminal.text import printable
from core.markdown.fences import Fence, fence_after_line
from core.util.clock import Now

_SIGNS_OF_STYLE = re.compile(r"\x1b\[[0-9;]*m")
_SHARE_OF_TIME = 0.1
"""The most of the time that painting may take: a long table is painted less often than a short sentence."""


class MarkdownPainter:
    """Shows Markdown that comes in pieces: a finished block stands, the one that still grows is painted over.

    `show` gets what is to be written. Text must be `printable` already; what Markdown makes of it is cleaned once
    more, since an entity such as `&#x202e;` becomes a character only then.
    """

    def __init__(
        self, show: Callable[[str], None], *, console: Console | None = None, now: Now = time.monotonic
    ) -> None:
        self._show = show
        self._console = console or Console(file=StringIO(), force_terminal=True)
        self._now = now
        self._lines: list[str] = []
        """Of the block that grows."""
        self._partial = ""
        self._fence: Fence | None = None
        self._rows = 0
        """How many rows of the screen the block takes."""
        self._quiet_until = 0.0

    def feed(self, text: str) -> float:
        """Show a piece of the answer: now, and 0 comes back, or by a `catch_up` in so many seconds."""
        *whole, self._partial = (self._partial + text).split("\n")
        for line in whole:
            self._add(line)
        return self.catch_up()

    def catch_up(self) -> float:
        """Show what came meanwhile, unless it is too early still: then in so many seconds, and otherwise 0."""
        if (left_s := self._quiet_until - self._now()) > 0:
            return left_s
        self._paint()
        return 0.0

    def finish(self) -> None:
        """Show the rest, and end its last line."""
        self._add(self._partial)
        self._partial = ""
        self._end_block()
        self._fence = None

    def _add(self, line: str) -> None:
        """Add a whole line; one that stands at the margin behind a blank one begins a new block."""
        after_blank = bool(self._lines) and not self._lines[-1].strip()
        if self._fence is None and after_blank and line[:1].strip():
            self._end_block()
            self._show("\n")
        self._fence = fence_after_line(line, self._fence)
        self._lines.append(line)

    def _end_block(self) -> None:
        self._paint(grows=False)
        self._lines = []
        self._rows = 0

    def _paint(self, *, grows: bool = True) -> None:
        """Write the block over itself; of one that grows and is higher than the screen, its end."""
        began = self._now()
        source = "\n".join([*self._lines, self._partial] if grows else self._lines).strip("\n")
        if not source:
            return
        with self._console.capture() as painted:
            self._console.print(_Cleaned(source))
        rows = _without_margins(painted.get().split("\n"))
        if grows:
            rows = rows[-max(self._console.height - 1, 1) :]
        up = f"\x1b[{self._rows - 1}A" if self._rows > 1 else ""
        over = f"\r{up}\x1b[J" if self._rows else ""
        self._show(over + "\n".join(rows) + ("" if grows else "\n"))
        self._rows = len(rows)
        self._quiet_until = self._now() + (self._now() - began) / _SHARE_OF_TIME


def _without_margins(rows: list[str]) -> list[str]:
    """Rows without the blank ones around them: between two blocks stands one, whatever they are."""
    marked = [at for at, row in enumerate(rows) if _SIGNS_OF_STYLE.sub("", row).strip()]
    return rows[marked[0] : marked[-1] + 1] if marked else [""]


class _Cleaned:
    """Markdown whose text holds nothing that a terminal obeys; links show where they lead."""

    def __init__(self, source: str) -> None:
        self._source = source

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for segment in console.render(Markdown(self._source, hyperlinks=False), options):
            yield Segment(printable(segment.text), segment.style)
