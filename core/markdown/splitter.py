"""A growing Markdown text becomes messages of a bounded size, cut where a reader would cut it.

A scanner of lines, not a Markdown parser: it must decide from the text so far alone, must not read everything
again for each word, and has to pair fences the way chat platforms do, whatever list they stand in.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from core.markdown.cut_points import Rank, inner_seams, last_whole_character, line_seams
from core.markdown.fences import Fence, closing_lines, fence_after

Size = Callable[[str], int]

_SMALLEST_MAX_SIZE = 64
_CODE_INDENT = 4  # CommonMark: a line indented this far is code, where no list is open
_DEEPEST_INDENT = 24


@dataclass(frozen=True, slots=True)
class Part:
    """One message of an answer.

    The slices `answer[start:end]` of all parts are the answer, in order and without a gap. `text` shows its
    slice without blank lines at its edges (and without the indentation of a list that began in an earlier
    part), between the fence lines that were added: `opened + shown slice + closed`.
    """

    text: str
    start: int
    end: int
    opened: str = ""
    """The fence line, with its line end, that opens again what the part before had to close; else empty."""
    closed: str = ""
    """The fence line, with the line end before it, that closes what is still open at the end; else empty."""


class Splitter:
    """Splits a text while it grows.

    Where a full part ends is decided by the text up to one character beyond its room: it neither moves when
    more text comes nor depends on the pieces in which the text came.
    """

    def __init__(self, max_size: int, size: Size = len) -> None:
        """`size` must not shrink when characters are added to a text.

        Raises:
            ValueError: `max_size` leaves no room for a fence and text.
        """
        if max_size < _SMALLEST_MAX_SIZE:
            raise ValueError(f"max_size is {max_size}, less than {_SMALLEST_MAX_SIZE}")
        self._max_size = max_size
        self._size = size
        self._full: list[Part] = []
        self._fence: Fence | None = None  # open where the last part begins
        self._start = 0
        self._tail = ""  # the text from `_start` on
        self._fed: list[str] = []
        self._last: Part | None = None

    def feed(self, delta: str) -> None:
        """Add to the end of the text."""
        if delta:
            self._fed.append(delta)

    @property
    def parts(self) -> Sequence[Part]:
        """The text so far. All but the last part are full and stay as they are; empty while it is blank."""
        if self._fed:
            self._tail += "".join(self._fed)
            self._fed.clear()
            while (limit := self._limit()) is not None:
                self._cut(limit)
            self._last = self._part(self._tail) if self._tail.strip() else None
        return [*self._full, self._last] if self._last else list(self._full)

    def _cut(self, limit: int) -> None:
        tail = self._tail
        while True:
            at = _best_cut(tail[: limit + 1], self._fence)
            part = self._part(tail[:at])
            limit = at - 1
            if self._size(part.text) <= self._max_size or not tail[:limit].strip():
                break
        self._full.append(part)
        self._fence = self._carried(fence_after(_body(tail[:at], self._fence), self._fence))
        self._start, self._tail = part.end, tail[at:]

    def _limit(self) -> int | None:
        """How many characters of the tail have room; None when all have. Never measures all of a long tail."""
        fits, high = 0, min(self._max_size, len(self._tail))
        while not self._overflows(self._tail[:high]):
            if high == len(self._tail):
                return None
            fits, high = high, min(high * 2, len(self._tail))
        while high - fits > 1:
            middle = (fits + high) // 2
            fits, high = (fits, middle) if self._overflows(self._tail[:middle]) else (middle, high)
        return fits

    def _overflows(self, raw: str) -> bool:
        """Whether a text may be too large. Once true it stays true as the text grows.

        Hence room is kept for the longest closing line that was ever needed, even after the fence was closed.
        """
        body = _body(raw, self._fence)
        if not body:
            return False
        text = _opening(self._fence) + body
        closings = closing_lines(body, self._fence)
        return any(self._size(f"{text}\n{line}") > self._max_size for line in closings) or (
            not closings and self._size(text) > self._max_size
        )

    def _part(self, raw: str) -> Part:
        body = _body(raw, self._fence)
        left_open = fence_after(body, self._fence)
        opened, closed = _opening(self._fence), f"\n{left_open.closing_line}" if left_open else ""
        return Part(opened + body + closed, self._start, self._start + len(raw), opened, closed)

    def _carried(self, fence: Fence | None) -> Fence | None:
        """The fence to open again in the next part: without its info where that takes too much room."""
        if fence is None:
            return None
        if self._size(_opening(again := fence.again())) * 4 <= self._max_size:
            return again
        bare = again.without_info()
        return bare if self._size(_opening(bare)) * 4 <= self._max_size else None


def split(text: str, max_size: int, size: Size = len) -> Sequence[Part]:
    """Split a text that is all there."""
    splitter = Splitter(max_size, size)
    splitter.feed(text)
    return splitter.parts


def _opening(fence: Fence | None) -> str:
    return f"{fence.opening_line}\n" if fence else ""


def _first_visible(text: str) -> int:
    return len(text) - len(text.lstrip())


def _body(raw: str, fence: Fence | None) -> str:
    """What is shown of a slice: no blank edges, and no indentation that makes a list's rest look like code."""
    first = _first_visible(raw)
    body = raw[raw.rfind("\n", 0, first) + 1 :].rstrip()
    indent = len(body) - len(body.lstrip())
    if indent < (_DEEPEST_INDENT if fence else _CODE_INDENT):
        return body
    return "\n".join(_dedented(body.split("\n"), body[:indent]))


def _dedented(lines: Sequence[str], indent: str) -> Iterator[str]:
    inside = True
    for line in lines:
        inside = inside and (line.startswith(indent) or not line.strip())
        yield line.removeprefix(indent) if inside else line


def _best_cut(view: str, fence: Fence | None) -> int:
    """Where to cut a text whose last character is the first that has no room."""
    first = _first_visible(view)
    half = first + (len(view) - first) // 2
    lines = [seam for seam in line_seams(view, fence) if seam.at > first]
    late = [seam for seam in lines if seam.at >= half and seam.rank > Rank.POOR]
    best = max(late or inner_seams(view, half), default=lines[-1] if lines else None)
    return best.at if best is not None else last_whole_character(view, first)
