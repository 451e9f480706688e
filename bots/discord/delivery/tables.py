"""Markdown tables as Discord can show them, which renders none: aligned in a code block, or row by row where too wide.

A scanner of lines: a table may be under way, and a message may begin in the middle of one.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from bots.discord.delivery.links import growth, with_shown_links
from bots.discord.delivery.plain_text import plain

WIDEST = 80
"""Columns of text that a code block shows in one line on a usual screen; wider ones wrap and are no table any more."""
BETWEEN = " | "
FENCES = len("```\n\n```")
_PER_CELL, _PER_RECORD = len(" · : ") + 3, len("- ****")

_CELL_END = re.compile(r"(?<!\\)\|")
_DELIMITER = re.compile(r":?-+:?")
_GOES_ON = re.compile(r"\s*\|\s.*\s\|\s*")
_OTHER_BLOCK = re.compile(r"\s*(?:#{1,6}\s|>|```|~~~)")
_BREAK = re.compile(r"(?<!\s)\s*<br\s*/?>\s*", re.IGNORECASE)
_JOINER, _EMOJI_STYLE, _SKINS = "\u200d", "\ufe0f", range(0x1F3FB, 0x1F400)


@dataclass(frozen=True, slots=True)
class Table:
    """The lines of a table; without a head where it began in an earlier message."""

    lines: tuple[str, ...]
    headed: bool

    @property
    def rows(self) -> list[list[str]]:
        """The cells as they were written, the head's first; the line below the head is none."""
        return [cells(line) for line in (self.lines[:1] + self.lines[2:] if self.headed else self.lines)]

    def shown(self) -> str:
        """Write it as Discord shows it best."""
        rows = self.rows
        plain = [[_plain(cell) for cell in row] for row in rows]
        widths = _widths(plain)
        if _across(widths) > WIDEST:
            return "\n".join(_records(rows, headed=self.headed)) or "\n".join(self.lines)
        return "\n".join(("```", *self._aligned(plain, widths), "```"))

    def room(self) -> int:
        """Count the characters that it takes at most, shown one way or the other.

        Never less when a line or a character is added: as long as it grows, a message may have to hold it.
        """
        rows = self.rows
        widths = _widths(rows)
        across = _across(widths)
        lines = list(self.lines)
        total = FENCES + len(lines) - 1
        for number, line in enumerate(lines):
            row = cells(line)
            zero = sum(columns == 0 for cell in row for columns in _columns(cell))
            needed = max(len(line), min(across, WIDEST) + zero)
            if across > WIDEST:
                names = rows[0][: len(row)] if self.headed and number > 1 else []
                as_record = sum(map(len, names)) + sum(len(cell) + _PER_CELL for cell in row)
                needed = max(needed, _PER_RECORD + as_record)
            total += needed + growth(line)
        return total

    def _aligned(self, rows: Sequence[Sequence[str]], widths: Sequence[int]) -> Iterator[str]:
        marks = cells(self.lines[1]) if self.headed else []
        right = [mark.endswith(":") and not mark.startswith(":") for mark in marks]
        right += [False] * (len(widths) - len(right))
        for number, row in enumerate(rows):
            yield BETWEEN.join(map(_padded, row, widths, right)).rstrip()
            if number == 0 and self.headed:
                yield BETWEEN.join("-" * width for width in widths)


def table_at(lines: Sequence[str], at: int) -> Table | None:
    """Find the table that begins at a line.

    The line below a head decides, once it is complete. At a message's beginning rows are enough: the table began
    in the message before.
    """
    is_headed = at + 2 < len(lines) and is_head(lines[at], lines[at + 1])
    begun_before = at == 0 and len(lines) > 1 and _GOES_ON.fullmatch(lines[0]) is not None
    if not is_headed and not begun_before:
        return None
    end = at + (2 if is_headed else 1)
    while end < len(lines) and "|" in lines[end] and not _OTHER_BLOCK.match(lines[end]):
        end += 1
    return Table(tuple(lines[at:end]), is_headed)


def is_head(line: str, below: str) -> bool:
    if "|" not in line or "|" not in below or _OTHER_BLOCK.match(line):
        return False
    marks = cells(below)
    return all(_DELIMITER.fullmatch(mark) for mark in marks) and len(cells(line)) == len(marks)


def cells(line: str) -> list[str]:
    """Split a row; an escaped `|` is part of its cell."""
    line = line.strip().removeprefix("|")
    if line.endswith("|") and not line.endswith("\\|"):
        line = line[:-1]
    return [cell.strip() for cell in _CELL_END.split(line)]


def width_of(text: str) -> int:
    """Measure a text in columns of a fixed-width font: East Asian characters and emoji take two."""
    return len(text) if text.isascii() else sum(_columns(text))


def _columns(text: str) -> Iterator[int]:
    """Measure each character. What is joined to an emoji, and its skin, are drawn in the emoji's own two columns."""
    before, width = "", 0
    for character in text:
        if character == _EMOJI_STYLE and width == 1:
            width = 1  # a sign that is drawn as an emoji by this takes one column more
        elif before == _JOINER or (ord(character) in _SKINS and before):
            width = 0
        else:
            width = _width(character)
        yield width
        before = character


@lru_cache(4096)
def _width(character: str) -> int:
    if unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def _widths(rows: Sequence[Sequence[str]]) -> list[int]:
    count = max(len(row) for row in rows)
    return [max((width_of(row[at]) for row in rows if at < len(row)), default=0) for at in range(count)]


def _across(widths: Sequence[int]) -> int:
    return sum(widths) + len(BETWEEN) * (len(widths) - 1)


def _padded(cell: str, width: int, right: bool) -> str:
    blank = " " * (width - width_of(cell))
    return blank + cell if right else cell + blank


def _plain(cell: str) -> str:
    """Take the marks away that a code block would show instead of obeying them."""
    return plain(_unescaped(cell)).replace("```", "'''").strip()


def _unescaped(cell: str) -> str:
    return _BREAK.sub("; ", cell).replace("\\|", "|")


def _records(rows: Sequence[Sequence[str]], *, headed: bool) -> Iterator[str]:
    """Write each row as an item of a list, each cell with its column's name."""
    names = [_plain(cell) for cell in rows[0]] if headed else []
    for row in rows[1:] if headed else rows:
        said = [with_shown_links(_unescaped(cell)) for cell in row]
        first = said[0] if "*" in said[0] or not said[0] else f"**{said[0]}**"
        rest = [
            f"{names[at]}: {cell}" if at < len(names) and names[at] else cell
            for at, cell in enumerate(said)
            if at and cell
        ]
        yield "- " + " · ".join(part for part in (first, *rest) if part)
