"""Marks of emphasis that Slack would show instead of obeying, beside punctuation that no blank follows.

CommonMark lets `**` begin or end nothing where a sign stands on its inner side and a letter on its outer one (0.31.2,
6.2), which is how languages without blanks write. A character without width inside the marks stands between them and
the sign, and is no sign itself.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

_JOINT = "\u200b"
_RUN = re.compile(r"\*{1,100}|_{1,100}|~{1,100}")
_LONGEST = 1_000
"""How far the end of emphasis is looked for, within its line."""
_MOST_TRIES = 8


@dataclass(frozen=True, slots=True)
class Mark:
    """Marks that began emphasis."""

    read: str
    written: str


Marks = tuple[Mark, ...]


@dataclass(frozen=True, slots=True)
class Run:
    """Some marks in a row."""

    marks: str
    end: int
    """Where in the text they end."""


def run_at(text: str, at: int) -> Run:
    """The marks that stand there."""
    found = _RUN.match(text, at)
    return Run(found[0], found.end()) if found else Run(text[at], at + 1)


def is_sign(character: str) -> bool:
    """Whether it is punctuation or a symbol."""
    return unicodedata.category(character)[0] in "PS"


def joint(inner: str, outer: str) -> str:
    """What has to stand between marks and the character on their inner side; `""` where nothing has to.

    Between two signs CommonMark needs nothing. Slack is stricter beside signs that are not ASCII.
    """
    if not inner or not outer or outer.isspace() or inner.isspace() or not is_sign(inner):
        return ""
    return "" if is_sign(outer) and (inner + outer).isascii() else _JOINT


def is_text(run: Run, before: str, after: str) -> bool:
    """Whether it marks nothing: a single `~`, an underscore in a name, marks between blanks."""
    if run.marks == "~" or not (before.strip() or after.strip()):
        return True
    return run.marks == "_" and before.isalnum() and after.isalnum() and (before + after).isascii()


def closed(run: Run, before: str, after: str, marks: Marks) -> tuple[str, Marks] | None:
    """End what was begun: what is written, and which marks are open after it; None where it ends nothing."""
    kind = run.marks[0]
    opened = next((mark for mark in reversed(marks) if mark.read[0] == kind), None)
    if opened is None or not before.strip():
        return None
    left, still_open = len(run.marks), list(marks)
    for at in reversed(range(len(marks))):
        if left > 0 and marks[at].read[0] == kind:
            left -= len(marks[at].read)
            del still_open[at]
    return joint(before, after) + opened.written[0] * len(run.marks), tuple(still_open)


def opened(run: Run, before: str, after: str, text: str, *, last: bool) -> tuple[str, Mark | None] | None:
    """Begin emphasis: what is written, and the mark, if it is one; None where more text must tell.

    Where it would begin nothing without help, its end is looked for first: marks without an end stay as they are.
    """
    if not after.strip():
        return run.marks, None
    inside = joint(after, before)
    if not inside and run.marks[0] != "_":
        return run.marks, Mark(run.marks, run.marks)
    end = _end_of(run, text)
    behind = end + len(run.marks) if end is not None else len(text)
    if not last and behind == len(text) and "\n" not in text[run.end :] and len(text) - run.end <= _LONGEST:
        return None
    if end is None or (run.marks == "_" and before.isalnum()):
        return run.marks, None
    written = run.marks
    if run.marks[0] == "_" and any(map(_is_wide_letter, (before, text[behind : behind + 1]))):
        written = "*" * len(run.marks)  # inside a word an underscore marks nothing
    return written + inside, Mark(run.marks, written)


def _end_of(run: Run, text: str) -> int | None:
    """Where marks of the same kind end the emphasis, in the same line."""
    line_end = text.find("\n", run.end, run.end + _LONGEST)
    limit = run.end + _LONGEST if line_end < 0 else line_end
    found = run.end
    for _ in range(_MOST_TRIES):
        found = text.find(run.marks, found + 1, limit)
        if found < 0 or not text[found - 1].isspace():
            break
    return found if found > 0 and not text[found - 1].isspace() else None


def _is_wide_letter(character: str) -> bool:
    return character.isalnum() and unicodedata.east_asian_width(character) in "WF"
