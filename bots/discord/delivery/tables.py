"""Tables as Discord can show them, which renders none: aligned in a code block, or row by row where too wide."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from bots.discord.delivery.html_out import without_html
from bots.discord.delivery.links import growth, with_shown_links
from core.markdown.inline import plain
from core.markdown.table_parser import Table, cells

WIDEST = 80
"""Columns of text that a code block shows in one line on a usual screen; wider ones wrap and are no table any more."""
BETWEEN = " | "
FENCES = len("```\n\n```")
_PER_CELL, _PER_RECORD = len(" · : ") + 3, len("- ****")

_BREAK = re.compile(r"(?<!\s)\s*<br\s*/?>\s*", re.IGNORECASE)
_JOINER, _EMOJI_STYLE, _SKINS = "\u200d", "\ufe0f", range(0x1F3FB, 0x1F400)


def shown(table: Table) -> str:
    """Write a table as Discord shows it best."""
    rows = table.rows
    plain_rows = [[_plain(cell) for cell in row] for row in rows]
    widths = _widths(plain_rows)
    if _across(widths) > WIDEST:
        return "\n".join(_records(rows, headed=table.headed)) or "\n".join(table.lines)
    return "\n".join(("```", *_aligned(table, plain_rows, widths), "```"))


def room(table: Table) -> int:
    """Count the characters that it takes at most, shown one way or the other.

    Never less when a line or a character is added: as long as it grows, a message may have to hold it.
    """
    rows = [_measured(line) for line in table.lines]
    counted = rows[:1] + rows[2:] if table.headed else rows
    count = max(len(row.widths) for row in counted)
    across = _across([max(row.widths[at] for row in counted if at < len(row.widths)) for at in range(count)])
    total = FENCES + len(table.lines) - 1
    for number, row in enumerate(rows):
        needed = max(row.chars, min(across, WIDEST) + row.without_width)
        if across > WIDEST:
            names = rows[0].lengths[: len(row.lengths)] if table.headed and number > 1 else ()
            needed = max(needed, _PER_RECORD + sum(names) + sum(row.lengths) + _PER_CELL * len(row.lengths))
        total += needed + row.growth
    return total


@dataclass(frozen=True, slots=True)
class _Measured:
    """What a row takes, as it was written."""

    chars: int
    lengths: tuple[int, ...]
    widths: tuple[int, ...]
    without_width: int
    growth: int


@lru_cache(1024)
def _measured(line: str) -> _Measured:
    """Measure a row: while a text grows, the same ones again and again."""
    row = cells(line)
    without_width = 0 if line.isascii() else sum(columns == 0 for cell in row for columns in _columns(cell))
    widths = tuple(width_of(cell) for cell in row)
    return _Measured(len(line), tuple(map(len, row)), widths, without_width, growth(line))


def _aligned(table: Table, rows: Sequence[Sequence[str]], widths: Sequence[int]) -> Iterator[str]:
    flush_right = [*table.flush_right, *[False] * len(widths)]
    for number, row in enumerate(rows):
        yield BETWEEN.join(map(_padded, row, widths, flush_right)).rstrip()
        if number == 0 and table.headed:
            yield BETWEEN.join("-" * width for width in widths)


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
    return plain(_unescaped(cell)).replace("```", "'''").replace("](", "] (").strip()


def _unescaped(cell: str) -> str:
    return without_html(_BREAK.sub("; ", cell).replace("\\|", "|"), "x")


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
