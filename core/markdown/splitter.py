"""A growing Markdown text becomes messages of a bounded size, cut where a reader would cut it.

A scanner of lines, not a Markdown parser: it must decide from the text so far alone, must not read everything
again for each word, and has to pair fences the way chat platforms do, whatever list they stand in.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from operator import itemgetter

from core.markdown.best_cut import best_cut
from core.markdown.blocks import NOTHING, Reading, State, read, rows_in
from core.markdown.dialect import PLAIN, Dialect
from core.markdown.fences import closing_steps, fence_after
from core.markdown.marks import MOST_OPEN, first_sign
from core.markdown.seam import ESCAPE, closing, opening
from core.markdown.unfinished import finished_up_to, read_growing

Size = Callable[[str], int]

_SMALLEST_MAX_SIZE = 64
_CODE_INDENT = 4  # CommonMark: a line indented this far is code, where no list is open
_DEEPEST_INDENT = 24


@dataclass(frozen=True, slots=True)
class Part:
    """One message of an answer.

    The slices `answer[start:end]` of all parts are the answer, in order and without a gap. `text` shows its
    slice without blank lines at its edges (and without the indentation of a list that began in an earlier
    part), between what was added: `opened + shown slice + closed`.
    """

    text: str
    start: int
    end: int
    opened: str = ""
    """What opens again what the part before had to close: a fence, a table's head, marks; else empty. Where the slice
    begins with the mark of a list, it stands before them."""
    closed: str = ""
    """What closes what is still open at the end; else empty."""


@dataclass(frozen=True, slots=True)
class _Needs:
    """What a text needs room for beside itself."""

    closings: Sequence[tuple[int, str]]
    """The longest line that may close a fence, from a length on."""
    marks_from: int
    """From which length on marks may be open."""


class Splitter:
    """Splits a text while it grows.

    Where a full part ends is decided by the text up to one character beyond its room: it neither moves when
    more text comes nor depends on the pieces in which the text came.
    """

    def __init__(self, max_size: int, size: Size = len, dialect: Dialect = PLAIN) -> None:
        """`size` must not shrink when characters are added to a text.

        Raises:
            ValueError: `max_size` leaves no room for a fence and text.
        """
        if max_size < _SMALLEST_MAX_SIZE:
            raise ValueError(f"max_size is {max_size}, less than {_SMALLEST_MAX_SIZE}")
        self._max_size = max_size
        self._size = size
        self._dialect = dialect
        self._full: list[Part] = []
        self._state = NOTHING  # what is open where the last part begins
        self._start = 0
        self._tail = ""  # the text from `_start` on
        self._fed: list[str] = []
        self._last: Part | None = None
        self._growing: Part | None = None

    def feed(self, delta: str) -> None:
        """Add to the end of the text."""
        if delta:
            self._fed.append(delta)

    @property
    def parts(self) -> Sequence[Part]:
        """The text so far. All but the last part are full and stay as they are; empty while it is blank."""
        self._take()
        if self._last is None and self._tail.strip():
            self._last = self._whole_tail()
        return [*self._full, self._last] if self._last else list(self._full)

    @property
    def parts_so_far(self) -> Sequence[Part]:
        """The text so far, as it is shown while more is to come.

        The last part ends before what is half-written, a link, a token, a row of a table, and closes marks that are
        open. It is left out where nothing stands before that.
        """
        self._take()
        if self._growing is None and self._tail.strip():
            self._growing = self._finished_tail()
        return [*self._full, self._growing] if self._growing else list(self._full)

    @property
    def parts_cut_short(self) -> Sequence[Part]:
        """All of the text, where no more of it will come although it was not at its end: what is open is closed."""
        self._take()
        if not self._tail.strip():
            return list(self._full)
        reading = self._read(self._tail, len(self._tail))
        return [*self._full, self._part(self._tail, self._open_after(self._tail, reading))]

    def _take(self) -> None:
        if self._fed:
            self._tail += "".join(self._fed)
            self._fed.clear()
            self._last = self._growing = None
            while (limit := self._limit()) is not None:
                self._cut(limit)

    def _whole_tail(self) -> Part:
        fence = fence_after(_body(self._tail, self._state), self._state.fence)
        if (
            self._state.marks
        ):  # of those that were opened again, what nothing closed; the text's own may be none
            open_marks = self._read(self._tail, len(self._tail)).state_at(len(self._tail)).marks
            return self._part(
                self._tail, State(fence, marks=tuple(mark for mark in open_marks if mark.at < 0))
            )
        return self._part(self._tail, State(fence))

    def _finished_tail(self) -> Part | None:
        reading = read_growing(self._tail, self._state, self._dialect)
        raw = self._tail[: finished_up_to(self._tail, reading, self._dialect)]
        return self._part(raw, self._open_after(raw, reading)) if raw.strip() else None

    def _cut(self, limit: int) -> None:
        tail = self._tail
        while True:
            view = tail[: limit + 1]
            reading = self._read(view)
            at = best_cut(view, reading)
            while 0 <= reading.found.half < at:  # what is torn is text
                reading = self._read(view, reading.found.half + 1)
                at = best_cut(view, reading)
            state = self._open_after(tail[:at], reading)
            part = self._part(tail[:at], state)
            limit = at - 1
            if self._size(part.text) <= self._max_size or not tail[:limit].strip():
                break
        self._full.append(part)
        self._state = self._carried(state)
        self._start, self._tail = part.end, tail[at:]

    def _read(self, text: str, text_until: int = 0) -> Reading:
        return read(text, self._state, self._dialect, text_until=text_until)

    def _limit(self) -> int | None:
        """How many characters of the tail have room; None when all have. Never measures all of a long tail."""
        fits, high = 0, min(self._max_size, len(self._tail))
        needs = self._needs(self._tail[:high])
        while not self._overflows(self._tail[:high], needs):
            if high == len(self._tail):
                return None
            fits, high = high, min(high * 2, len(self._tail))
            needs = self._needs(self._tail[:high])
        while high - fits > 1:
            middle = (fits + high) // 2
            fits, high = (fits, middle) if self._overflows(self._tail[:middle], needs) else (middle, high)
        return fits

    def _needs(self, raw: str) -> _Needs:
        marks_from = 0 if self._state.marks else first_sign(raw, self._state.fence)
        return _Needs(closing_steps(raw, self._state.fence, self._size), marks_from)

    def _overflows(self, raw: str, needs: _Needs) -> bool:
        """Whether a text may be too large. Once true it stays true as the text grows.

        Hence room is kept for the longest closing line that was ever needed, even after the fence was closed, and for
        as many marks as may be open.
        """
        body = _body(raw, self._state)
        if not body:
            return False
        opened, body = opening(self._state, body)
        text = opened + body
        if steps := bisect_right(needs.closings, len(raw), key=itemgetter(0)):
            text = f"{text}\n{needs.closings[steps - 1][1]}"
        room = MOST_OPEN + (ESCAPE in raw) if len(raw) >= needs.marks_from else 0
        return self._size(text) + room > self._max_size or self._has_too_many_rows(raw)

    def _has_too_many_rows(self, raw: str) -> bool:
        most = self._dialect.most_rows
        return raw.count("\n") >= most and rows_in(raw, self._state, self._dialect) > most

    def _open_after(self, raw: str, reading: Reading) -> State:
        """What is open at the end of a slice; a fence, as it is indented where it is shown."""
        state = reading.state_at(len(raw))
        if state.fence is None or not raw[_first_visible(raw) - _CODE_INDENT :][:_CODE_INDENT].isspace():
            return state
        return replace(state, fence=fence_after(_body(raw, self._state), self._state.fence))

    def _part(self, raw: str, state: State) -> Part:
        """Make a message of a slice; `state` is what is open at its end."""
        opened, body = opening(self._state, _body(raw, self._state))
        closed = closing(state, body)
        return Part(opened + body + closed, self._start, self._start + len(raw), opened, closed)

    def _carried(self, state: State) -> State:
        """What is open again in the next part: without what takes too much room there."""
        if state.fence is not None:
            again = state.fence.again()
            for fence in (again, again.without_info()):
                if self._size(f"{fence.opening_line}\n") * 4 <= self._max_size:
                    return replace(state, fence=fence, head=None)
            return replace(state, fence=None, head=None)
        if state.head is not None and self._size(str(state.head)) * 2 > self._max_size:
            state = replace(state, head=None)
        if len(state.prefix) * 4 > self._max_size:
            state = replace(state, prefix="")
        return replace(state, marks=tuple(mark._replace(at=-1) for mark in state.marks))


def split(text: str, max_size: int, size: Size = len, dialect: Dialect = PLAIN) -> Sequence[Part]:
    """Split a text that is all there."""
    splitter = Splitter(max_size, size, dialect)
    splitter.feed(text)
    return splitter.parts


def _first_visible(text: str) -> int:
    return len(text) - len(text.lstrip())


def _body(raw: str, state: State) -> str:
    """What is shown of a slice: no blank edges, and no indentation that makes a list's rest look like code."""
    first = _first_visible(raw)
    begin = raw.rfind("\n", 0, first) + 1
    if begin == 0 and state.inside and state.fence is None:
        return raw.strip()
    body = raw[begin:].rstrip()
    indent = len(body) - len(body.lstrip())
    if indent < (_DEEPEST_INDENT if state.fence else _CODE_INDENT):
        return body
    return "\n".join(_dedented(body.split("\n"), body[:indent]))


def _dedented(lines: Sequence[str], indent: str) -> Iterator[str]:
    inside = True
    for line in lines:
        inside = inside and (line.startswith(indent) or not line.strip())
        yield line.removeprefix(indent) if inside else line
