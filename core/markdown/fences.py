"""Fences of code blocks: where one opens, where it closes, and the lines that close and open it again.

Any indentation counts, since a fence may stand deep inside a list and chat platforms don't mind.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Self

from core.markdown.containers import shallow

_SHORTEST_MARKER = 3
_LONGEST_MARKER = 16
_LONGEST_PREFIX = 24

_PREFIX = r"[ \t]*+(?:(?:[-*+]|\d{1,9}+[.)])[ \t]++|>[ \t]*+)*+"
_BEGUN = re.compile(rf"^({_PREFIX})(`{{3,{_LONGEST_MARKER}}}|~{{3,{_LONGEST_MARKER}}})", re.MULTILINE)
_OPENING = re.compile(rf"({_PREFIX})(`{{3,}}+(?=[^`]*$)|~{{3,}}+)(.*)")
_CLOSING = re.compile(r"([ \t]*+(?:>[ \t]*+)*+)(`{3,}+|~{3,}+)\s*")
_LIST_MARKER = re.compile(r"[^\s>]")
_LONG_QUOTE = ">>> "
"""Stands once, before all that is quoted: the lines inside the fence don't repeat it."""


@dataclass(frozen=True, slots=True)
class Fence:
    """An open fence."""

    prefix: str
    """What stands before it on a line of its block: indentation, and `>` inside a quote."""
    marker: str
    info: str = ""

    @property
    def opening_line(self) -> str:
        return f"{self.prefix}{self.marker}{self.info}"

    @property
    def closing_line(self) -> str:
        return f"{self.prefix}{self.marker}"

    def again(self) -> Self:
        """Itself, to open at the beginning of a message, where deep indentation would make it code."""
        content = self.prefix.lstrip()
        depth = len(self.prefix.expandtabs(4)) - len(content.expandtabs(4))
        return replace(self, prefix=" " * min(3, depth) + shallow(content))

    def without_info(self) -> Self:
        return replace(self, info="")

    def closes_at(self, line: str) -> bool:
        if self.marker not in line:
            return False
        match = _CLOSING.fullmatch(line)
        if match is None or not match[2].startswith(self.marker):
            return False
        return ">" in self.prefix or ">" not in match[1]

    def left_at(self, line: str) -> bool:
        """Whether the quote that it stands in is over."""
        return ">" in self.prefix and not line.lstrip().startswith(">")


def opened_by(line: str) -> Fence | None:
    """The fence that a line opens; one too long or too deep to be repeated counts as text."""
    match = _OPENING.fullmatch(line.rstrip())
    if match is None or len(match[1]) > _LONGEST_PREFIX or len(match[2]) > _LONGEST_MARKER:
        return None
    prefix = match[1]
    if prefix:
        prefix = "" if prefix.lstrip(" ").startswith(_LONG_QUOTE) else _LIST_MARKER.sub(" ", prefix)
    return Fence(prefix, match[2], match[3])


def fence_after_line(line: str, fence: Fence | None) -> Fence | None:
    """Which fence is open after a line."""
    if fence is None or fence.left_at(line):
        return opened_by(line)
    return None if fence.closes_at(line) else fence


def fence_after(text: str, fence: Fence | None) -> Fence | None:
    """Which fence is open after a text that begins inside `fence`."""
    if "```" not in text and "~~~" not in text and (fence is None or ">" not in fence.prefix):
        return fence
    for line in text.split("\n"):
        fence = fence_after_line(line, fence)
    return fence


def looks_like_fence(line: str) -> bool:
    """Whether a line begins like a fence, so that cutting it could make or unmake one."""
    return _BEGUN.match(line) is not None


def looks_like_fence_from(text: str, line_start: int) -> int:
    """From where on a line that begins at `line_start` looks like a fence, so that a cut could make or unmake one.

    Beyond the text's end where it never does.
    """
    begun = _BEGUN.match(text, line_start)
    return begun.start(2) + _SHORTEST_MARKER if begun else len(text) + 1


def closing_steps(text: str, fence: Fence | None, size: Callable[[str], int]) -> Sequence[tuple[int, str]]:
    """The longest line that closing a fence could take, and from where in a text on it could. Grows with the text."""
    steps = [(0, fence.closing_line)] if fence else []
    if "```" not in text and "~~~" not in text:
        return steps
    longest = size(steps[0][1]) if steps else 0
    seen: set[tuple[str, str]] = set()
    for begun in _BEGUN.finditer(text):
        if (found := (begun[1], begun[2])) in seen or len(begun[1]) > _LONGEST_PREFIX:
            continue
        seen.add(found)
        prefix, marker = _LIST_MARKER.sub(" ", begun[1]), begun[2]
        for length in range(_SHORTEST_MARKER, len(marker) + 1):
            if (needed := size(line := prefix + marker[:length])) > longest:
                longest = needed
                steps.append((begun.start(2) + length, line))
    return steps
