"""Reads a text line by line: what is open where, fences, tables, quotes and marks, and where it may be cut.

One pass over what may become a message, with what was open at its beginning; places are those of the text as it came.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass, field

from core.markdown.containers import CONTAINER, before_items, shallow, without_items
from core.markdown.cut_points import Seam, code_rank, text_rank
from core.markdown.dialect import PLAIN, Dialect
from core.markdown.fences import Fence, fence_after_line, opened_by
from core.markdown.marks import Found, Marks, lasting, read_marks
from core.markdown.table_parser import is_head, is_row

_LINE_MARKS = re.compile(rf"({CONTAINER.pattern})((?:\#{{1,6}}|-\#)[ \t]++)?")
_LONG_QUOTE = re.compile(r" *+>>> ")
_BEGINS_BLOCK = re.compile(r"[ \t>]*+(?:$|[-*+][ \t]|\d{1,9}+[.)][ \t]|\#{1,6}[ \t]|-\#[ \t])")
_MAY_BEGIN_BLOCK = frozenset("-*+#0123456789") | {""}
_IS_HEADING = re.compile(r"[ \t>]*+(?:\#{1,6}|-\#)[ \t]")


@dataclass(frozen=True, slots=True)
class Head:
    """The first two lines of a table, as they stand again at the beginning of a message."""

    lines: tuple[str, str]

    @property
    def begins_with_sign(self) -> bool:
        """Whether its lines begin with a `|`, so that a row is known by its first sign."""
        return self.lines[1].lstrip(" \t>").startswith("|")

    def __str__(self) -> str:
        return "\n".join(self.lines) + "\n"


@dataclass(frozen=True, slots=True)
class State:
    """What is open at a place."""

    fence: Fence | None = None
    head: Head | None = None
    """Of the table whose next row stands there."""
    marks: Marks = ()
    long_quote: bool = False
    prefix: str = ""
    """The marks of the line that the place is inside of: of a quote, a heading, small letters."""
    inside: bool = False
    """Whether the place is inside a line."""


NOTHING = State()


@dataclass(slots=True)
class Reading:
    """What was read of a text."""

    seams: list[Seam] = field(default_factory=list)
    """Every line but the first that a message may begin with."""
    found: Found = field(default_factory=Found)
    starts: list[int] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    fences: list[Fence | None] = field(default_factory=list)
    """The fence that is open before each line."""
    heads: list[Head | None] = field(default_factory=list)
    """The table that each line is a row of."""
    fence: Fence | None = None
    """The fence that is open at the end."""
    table_from: int = -1
    """Where the table begins whose first row is still to come."""
    rows: int = 0
    long_quote_from: int | None = None
    begun: State = NOTHING
    dialect: Dialect = PLAIN

    @property
    def ends_in_table(self) -> bool:
        """Whether the text ends inside a row, or before the first one."""
        return self.heads[-1] is not None or self.table_from >= 0

    def state_at(self, at: int) -> State:
        """Tell what is open at a place."""
        number = bisect_right(self.starts, at) - 1
        start = self.starts[number]
        places = bisect_right(self.found.marks, at, key=lambda change: change[0])
        marks = self.found.marks[places - 1][1] if places else self.begun.marks
        inside = at > start or (number == 0 and self.begun.inside)
        fence = self.fences[number]
        if at > start:  # the line's beginning counts like a line
            fence = fence_after_line(self.lines[number][: at - start], fence)
        return State(
            fence=fence,
            head=self.heads[number],
            marks=marks,
            long_quote=self.long_quote_from is not None and at > self.long_quote_from,
            prefix=self._prefix(number) if inside else "",
            inside=inside,
        )

    def _prefix(self, number: int) -> str:
        fence = self.fences[number]
        if fence is not None:
            return shallow(fence.prefix) if ">" in fence.prefix else ""
        if number == 0 and self.begun.inside:
            return self.begun.prefix
        line = self.lines[number]
        if self.long_quote_from == self.starts[number]:
            line = _LONG_QUOTE.sub("", line, count=1)
        found = _LINE_MARKS.match(line)
        if found is None:
            return ""
        prefix = found[1] if self.dialect.quotes_in_items else before_items(found[1])
        quoted = prefix if ">" in prefix else ""
        return shallow(without_items(quoted)) + (found[2] or "")


class _Reader:
    """Reads the lines of one text."""

    def __init__(self, view: str, state: State, dialect: Dialect, text_until: int) -> None:
        self._view = view
        self._dialect = dialect
        self._marks = state.marks
        self._head = state.head
        self._paragraph = 0 if state.fence is None and state.head is None else -1
        self._before = ""
        self._blank = False
        found = Found(text_until=text_until)
        self.reading = Reading(found=found, fence=state.fence, begun=state, dialect=dialect)
        self.reading.long_quote_from = -1 if state.long_quote else None

    def read(self) -> Reading:
        reading, at = self.reading, 0
        reading.lines = self._view.split("\n")
        last = len(reading.lines) - 1
        for number, line in enumerate(reading.lines):
            reading.starts.append(at)
            reading.fences.append(reading.fence)
            reading.heads.append(None)
            if reading.fence is not None and not reading.fence.left_at(line):
                self._read_code(line, at)
                if number == last or reading.fence is None:
                    self._keep_end_of_code(line, at)
            elif line and not line.isspace():
                self._read_text(line, at, number, complete=number < last)
            elif number == last:
                reading.heads[-1] = self._head  # what begins there is a row, as far as can be told
            else:
                self._end_paragraph(at)
                self._head, self._blank = None, True
                reading.table_from = -1
            at += len(line) + 1
        self._end_paragraph(len(self._view), over=False)
        return reading

    def _read_code(self, line: str, at: int) -> None:
        reading = self.reading
        if not line or line.isspace():
            self._blank = True
            return
        fence = reading.fence
        if fence is not None:
            if self._before and (rank := code_rank(line, self._before, fence)) is not None:
                reading.seams.append(Seam(rank, at))
            reading.fence = fence_after_line(line, fence)
        self._before, self._blank = line, False

    def _keep_end_of_code(self, line: str, at: int) -> None:
        """What is or may become the end of a fence would begin an empty block: the code before it stays with it."""
        fence = self.reading.fences[-1]
        if fence is not None and not line.strip(" \t>" + fence.marker[0]):
            self.reading.found.whole.append((at - 2, at + len(line)))

    def _read_text(self, line: str, at: int, number: int, *, complete: bool) -> None:
        reading = self.reading
        left, reading.fence, reading.fences[-1] = reading.fence is not None, None, None
        content = line
        if ">" in line[:8] and (quote := CONTAINER.match(line)):
            content = line[quote.end() :]
            if self._dialect.long_quotes and reading.long_quote_from is None and _LONG_QUOTE.match(line):
                reading.long_quote_from = at
        if self._before:
            rank = text_rank(line, content, self._before, blank=self._blank)
            if rank is not None:
                reading.seams.append(Seam(rank, at))
        if ("```" in line or "~~~" in line) and (fence := opened_by(line)):
            self._end_paragraph(at)
            reading.fence, self._head = fence, None
        elif ("|" in line or self._head is not None) and self._is_in_table(
            line, content, at, number, complete=complete
        ):
            pass
        else:
            self._head = None
            if self._before and (left or self._blank or self._begins_block(line)):
                self._end_paragraph(at)
            if self._paragraph < 0:
                self._paragraph = at
        self._before, self._blank = line, False

    def _begins_block(self, line: str) -> bool:
        if "#" in self._before and _IS_HEADING.match(self._before):
            return True
        return line.lstrip(" \t>")[:1] in _MAY_BEGIN_BLOCK and _BEGINS_BLOCK.match(line) is not None

    def _is_in_table(self, line: str, content: str, at: int, number: int, *, complete: bool) -> bool:
        reading = self.reading
        if self._head is not None and (is_row(content) or (not complete and self._may_be_row(content))):
            reading.heads[-1] = self._head
            reading.rows += 1
            if complete:
                reading.table_from = -1
            return True
        self._head = None
        before = reading.lines[number - 1] if number and not self._blank else ""
        if (
            not complete
            or "|" not in line
            or "|" not in before
            or "-" not in line
            or reading.fences[number - 1] is not None
        ):
            return False
        outer, own = CONTAINER.match(before), CONTAINER.match(line)
        if outer is None or own is None or not is_head(before[outer.end() :], line[own.end() :]):
            return False
        start = reading.starts[number - 1]
        self._end_paragraph(start)
        self._head = _head(before, outer.end(), line[own.end() :])
        reading.table_from = start
        return True

    def _may_be_row(self, content: str) -> bool:
        """Whether more text could make a row of a line."""
        return self._head is not None and (not content.strip() or not self._head.begins_with_sign)

    def _end_paragraph(self, at: int, *, over: bool = True) -> None:
        """Read the marks of the paragraph that ends at a place; where it is over, only a spoiler stays open."""
        found, begin = self.reading.found, self._paragraph
        if 0 <= begin < at:
            self._marks = read_marks(self._view, begin, at, self._marks, self._dialect, found)
        if over:
            kept = lasting(self._marks)
            if kept != self._marks:
                found.marks.append((at, kept))
            self._marks, self._paragraph = kept, -1


def _head(line: str, prefix_length: int, below: str) -> Head:
    prefix = shallow(without_items(line[:prefix_length]))
    return Head((prefix + line[prefix_length:].rstrip(), prefix + below.rstrip()))


def read(view: str, state: State, dialect: Dialect, *, text_until: int = 0) -> Reading:
    """Read a text that begins where `state` is open.

    What begins before `text_until` and is only half there at the end, such as a link, is text: nothing will end it.
    """
    return _Reader(view, state, dialect, text_until).read()


def rows_in(text: str, state: State, dialect: Dialect) -> int:
    """Count the rows of tables."""
    return read(text, state, dialect).rows
