"""How far a text that is still being written can be shown: up to what only more text makes whole."""

from __future__ import annotations

import re

from core.markdown.blocks import NOTHING, Reading, State, read
from core.markdown.containers import CONTAINER
from core.markdown.dialect import Dialect
from core.markdown.inline import spans

LONGEST_HALF = 500
"""What stays half-written for longer than this is text, and is shown."""

_SIGNS = re.compile(r"[*_~|`\\]++[ \t]*+\Z")
_MAYBE_MARKS_OF_A_LINE = re.compile(
    r"[ \t>]*+(?:(?:[-*+]|\d{1,9}+[.)])[ \t]++)*+(?:\#{1,6}|-\#|[-*+]|\d{1,9}+[.)]?+|[-=_*`~]++)?[ \t]*+"
)
_MAYBE_DELIMITER = re.compile(r"[ \t>]*+[|:\- \t]*+")


def read_growing(text: str, state: State, dialect: Dialect) -> Reading:
    """Read a text that grows: in what is half-written for too long there are marks like anywhere else."""
    reading = read(text, state, dialect)
    while 0 <= reading.found.half < len(text) - LONGEST_HALF:
        reading = read(text, state, dialect, text_until=reading.found.half + 1)
    return reading


def finished_up_to(text: str, reading: Reading, dialect: Dialect) -> int:
    """Where the part of a text ends that can be shown while more is to come: marks that are open there can be closed.

    Held back are half a link, address, token or entity, signs that may become a mark, a line that is only its mark, and
    a table's head and rows until they are whole.
    """
    line_start = reading.starts[-1]
    line = reading.lines[-1]
    if reading.fences[-1] is not None and not reading.fences[-1].left_at(line):
        if (begin := _start_of_empty_fence(reading)) >= 0:
            return begin
        is_sign = not line.strip(" \t>" + reading.fences[-1].marker[0]) and reading.fence is not None
        return line_start if line and is_sign else len(text)
    if reading.fence is not None:
        return line_start  # its first line is not whole
    to = len(text)
    if (signs := _SIGNS.search(line)) is not None:
        to = line_start + signs.start()
    if reading.found.half >= 0:
        to = min(to, reading.found.half)
    to = min(to, _start_of_table(reading, dialect))
    return _before_lone_mark(text, _out_of_whole(to, reading))


def certain_up_to(text: str, dialect: Dialect) -> int:
    """Where the part of a text ends that can be shown for good, where nothing that was shown can be changed again.

    Held back is also what stands in marks that are open: not for ever, since what looks like a mark may be none. Where
    they are open for longer the blanks at the end wait: behind a blank nothing is closed.
    """
    reading = read_growing(text, NOTHING, dialect)
    to = finished_up_to(text, reading, dialect)
    marks = reading.state_at(to).marks
    for mark in marks:
        if len(text) - mark.at <= LONGEST_HALF:
            return _before_lone_mark(text, _out_of_whole(mark.at, reading))
    return len(text[:to].rstrip()) if marks else to


def _start_of_empty_fence(reading: Reading) -> int:
    """Where the line stands that opened a fence, while no code is below it; -1 elsewhere.

    Discord shows such a block's language as its code.
    """
    number = len(reading.lines) - 1
    while reading.fences[number] is not None and not reading.lines[number].strip(" \t>"):
        number -= 1
        if number < 0:
            return -1
    return reading.starts[number] if reading.fences[number] is None else -1


def _start_of_table(reading: Reading, dialect: Dialect) -> int:
    """Where what may be a table stands, of which the first row or the end of the last one is still to come."""
    line, start = reading.lines[-1], reading.starts[-1]
    if reading.table_from >= 0:
        return reading.table_from
    if reading.heads[-1] is not None:
        return start
    before = reading.lines[-2] if len(reading.lines) > 1 else ""
    if _may_be_head(before, dialect) and reading.heads[-2] is None and _MAYBE_DELIMITER.fullmatch(line):
        return reading.starts[-2]
    return start if _may_be_head(line, dialect) else start + len(line)


def _may_be_head(line: str, dialect: Dialect) -> bool:
    if "|" not in line:
        return False
    words = "".join(piece for piece, is_code in spans(line) if not is_code).replace("\\|", "")
    if dialect.spoilers:
        words = words.replace("||", "")
    found = CONTAINER.match(words)
    content = words[found.end() :] if found else words
    return content.startswith("|") or " | " in content


def _before_lone_mark(text: str, to: int) -> int:
    """Move a place to its line's beginning where only the mark of a line stands before it: it would mark another."""
    line_start = text.rfind("\n", 0, to) + 1
    return line_start if _MAYBE_MARKS_OF_A_LINE.fullmatch(text, line_start, to) else to


def _out_of_whole(to: int, reading: Reading) -> int:
    """Move a place to the beginning of what must not be cut there."""
    for start, end in reversed(reading.found.whole):
        if start < to < end:
            to = start
    return to
