"""Markdown tables, found line by line: one may be under way, and a message may begin in the middle of one."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

_CELL_END = re.compile(r"(?<!\\)\|")
_DELIMITER = re.compile(r":?-+:?")
_GOES_ON = re.compile(r"\s*\|\s.*\s\|\s*")
_OTHER_BLOCK = re.compile(r"\s*(?:#{1,6}\s|>|```|~~~)")


@dataclass(frozen=True, slots=True)
class Table:
    """The lines of a table; without a head where it began in an earlier message."""

    lines: tuple[str, ...]
    headed: bool

    @property
    def rows(self) -> list[list[str]]:
        """The cells as they were written, the head's first; the line below the head is none."""
        return [cells(line) for line in (self.lines[:1] + self.lines[2:] if self.headed else self.lines)]

    @property
    def flush_right(self) -> list[bool]:
        """Which columns are aligned to the right; empty where there is no head to tell."""
        marks = cells(self.lines[1]) if self.headed else []
        return [mark.endswith(":") and not mark.startswith(":") for mark in marks]


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
    while end < len(lines) and is_row(lines[end]):
        end += 1
    return Table(tuple(lines[at:end]), is_headed)


def is_row(line: str) -> bool:
    """Tell whether a line below a table's head, or below another row, is a row of it."""
    return "|" in line and _OTHER_BLOCK.match(line) is None


def is_head(line: str, below: str) -> bool:
    """Tell whether a table begins with two lines."""
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
