"""Where a growing text is code: fences and code spans, as CommonMark pairs them."""

from __future__ import annotations

import re
from dataclasses import dataclass

from core.markdown.html import ENTITY, MAYBE_ENTITY

_LONGEST_RUN = 100
_BACKTICKS = re.compile(rf"`{{1,{_LONGEST_RUN}}}+")
_INFO_AT_MOST = 200
_PREFIX = r"[ \t>]{0,100}+"
"""What may stand before a fence. A longer run begins none: so text is held back for a bounded length only."""
_MARKS = rf"`{{3,{_LONGEST_RUN}}}+|~{{3,{_LONGEST_RUN}}}+"
_FENCE = re.compile(rf"{_PREFIX}(`{{3,{_LONGEST_RUN}}}+(?!`)|~{{3,{_LONGEST_RUN}}}+(?!~))")
_MAYBE_FENCE = re.compile(rf"{_PREFIX}(?:`{{0,2}}|~{{0,2}}|(?:{_MARKS})[^\n]{{0,{_INFO_AT_MOST}}})\Z")
_EMPTY_LINE, _MAYBE_EMPTY_LINE = re.compile(r"\n *+\n"), re.compile(r"\n *+\Z")
_STEP = re.compile(r"[^&<`\n]++")

Step = tuple[int, str]
"""How many characters were read, and what they become; 0: what stands there is not certain yet."""


@dataclass(frozen=True, slots=True)
class CodeMarks:
    """Which code is open."""

    fence: str = ""
    """The marks that opened the fence we are in."""
    span: int = 0
    """How many backticks opened the code span we are in."""

    @property
    def open(self) -> bool:
        return bool(self.fence or self.span)

    def after_line_start(self, text: str, at: int, *, last: bool) -> tuple[CodeMarks, Step | None]:
        """Read a fence at the start of a line; no step when there is none."""
        if not last and _MAYBE_FENCE.match(text, at):
            return self, (0, "")
        found = _FENCE.match(text, at)
        if found is None:
            return self, None
        marks = found[1]
        info = text[found.end() : found.end() + _INFO_AT_MOST].partition("\n")[0]
        step = len(found[0]), found[0]
        if not self.fence and not (marks[0] == "`" and "`" in info):
            return CodeMarks(fence=marks), step
        if self.fence and marks.startswith(self.fence) and not info.strip():
            return CodeMarks(), step
        return self, None

    def after_newline(self, text: str, at: int, *, last: bool) -> tuple[CodeMarks, Step]:
        """An empty line ends a paragraph, and with it a code span that was never closed."""
        if self.span and not last and _MAYBE_EMPTY_LINE.match(text, at):
            return self, (0, "")
        return (CodeMarks(self.fence) if _EMPTY_LINE.match(text, at) else self), (1, "\n")

    def after_backticks(self, text: str, at: int, *, last: bool) -> tuple[CodeMarks, Step]:
        """Backticks begin a code span, or end the one that as many of them began."""
        run = _BACKTICKS.match(text, at)
        length = len(run[0]) if run else 1
        if at + length == len(text) and length < _LONGEST_RUN and not last:
            return self, (0, "")
        span = {0: length, length: 0}.get(self.span, self.span)
        return CodeMarks(self.fence, span), (length, "`" * length)


NO_CODE = CodeMarks()


def code_step(text: str, at: int, *, last: bool) -> Step:
    """Read on inside code, where every sign is shown as it stands."""
    if text[at] == "<":
        return 1, "&lt;"
    if text[at] == "&":
        if not last and MAYBE_ENTITY.match(text, at):
            return 0, ""
        return 1, "&amp;" if ENTITY.match(text, at) else "&"
    run = _STEP.match(text, at)
    length = len(run[0]) if run else 1
    return length, text[at : at + length]
