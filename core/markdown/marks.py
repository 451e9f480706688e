"""Marks within a paragraph: which are open at each place, and what no cut may part.

Read like CommonMark's, with fewer rules: where platforms differ, a run counts as a mark if it does on any of them. A
mark that stays open to the end of its paragraph was none; only a spoiler lasts longer.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict, deque
from dataclasses import dataclass, field
from typing import NamedTuple

from core.markdown.dialect import Dialect
from core.markdown.fences import Fence, fence_after_line
from core.markdown.html import NAMES

MOST_OPEN = 12
"""How many characters all marks that are open at one place have at most; what goes beyond that counts as text."""

_SHORT_CODE = 100
"""Code within a line that is no longer than this is never cut where a cut before it is near."""
_WORDS = r"\[(?:[^\[\]\\\n]++|\\.|\[[^\[\]\n]*+\])*+"
_TITLE = r"""(?:"[^"\n]*+"|'[^'\n]*+')"""
_HALF_TITLE = r"""(?:"[^"\n]*+"?+|'[^'\n]*+'?+)"""
_END, _HALF_END = rf"(?:\s++{_TITLE})?+\s*+", rf"(?:\s++{_HALF_TITLE}?+\s*+)?+"
_ADDRESS = r"(?:[^\s()]++|\([^\s()]*+\))*+"
_POINTED = r"<(?:[^<>\n\]]++|\](?!\())*+"
_TARGET = rf"\(\s*+(?:{_ADDRESS}|{_POINTED}>){_END}\)"
"""As chat clients read one: a `<` or `>` needs no partner. Between the two may be blanks, but no other link."""
_HALF_TARGET = rf"\(\s*+(?:{_ADDRESS}(?:\([^\s()]*+|{_HALF_END})|{_POINTED}(?:>{_HALF_END})?+)"
_TAG = rf"/?(?!(?-i:[A-Z])[\s/])(?:{NAMES})[\s/][^<>\n]{{0,300}}+"
_LABELLED = r"[A-Za-z][A-Za-z0-9+.-]*+:[^\s<>|]*+\|[^<>\n|]{0,300}+"
_WITH_BLANKS = rf"{_TAG}|{_LABELLED}"
_TOKEN = re.compile(
    r"(?P<whole>\\[!-/:-@\[-`{-~]"
    rf"|!?{_WORDS}\](?:{_TARGET}|\[[^\[\]\n]*+\])"
    rf"|<(?:[^\s<>]{{1,2000}}+|{_WITH_BLANKS})>"
    r"|&(?:\#\d{1,7}+|\#[xX][0-9a-fA-F]{1,6}+|[A-Za-z][A-Za-z0-9]{0,31}+);"
    r"|:[A-Za-z0-9_+-]{1,50}+:)"
    r"|(?P<url>(?:https?|ftp)://(?:[!-)+-;=?-_a-{}]++|~(?!~))*+)"
    rf"|(?P<half>(?:!?{_WORDS}(?:\](?:{_HALF_TARGET}|\[[^\[\]\n]*+)?)?"
    rf"|<(?:[^\s<>]{{0,2000}}+|{_WITH_BLANKS})"
    r"|&(?:\#?[A-Za-z0-9]{0,31}+)|:[A-Za-z0-9_+-]{1,50}+|(?:https?|ftp)(?::/?+)?+|\\)\Z)"
    r"|(?P<ticks>`++)"
    r"|(?P<run>\*++|_++|~~++|\|\|++)",
    re.IGNORECASE,
)
"""The next token, or the next run of backticks or signs; its last group tells which."""
_TICKS = re.compile("`++")
_SIGN = re.compile(r"(?![ \t>]*+(?:```|~~~|``?\Z|~~?\Z))[^*_~|`]*+[*_~|`]")
_SIGN_OR_CODE = re.compile(r"^(?![ \t>]*+(?:```|~~~))[^*_~|`\n]*+[*_~|`]", re.MULTILINE)
_ANY = re.compile(r"[\\\[<&:`*_~|]|(?:https?|ftp)\Z", re.IGNORECASE)
_MAYBE_WHOLE = re.compile(r"\w++://[^\s/.]++\.[^\s/.]")
_LINE_STARTS = ("", "\n")
_NOT_AT_THE_END = ".,:;!?'\")_"  # of an address: they end a sentence, or what stands around it
_READ_AS = {
    run: (run,) if len(run) < 3 else (run[:2], run[0])
    for run in ("*", "**", "***", "_", "__", "___", "~~", "||")
}
"""The marks that a run of signs is, the outer one first."""


class Mark(NamedTuple):
    """A mark that is open."""

    text: str
    at: int = -1
    """Where it stands; before the text where it was opened again."""
    lasts: bool = False
    """Whether the end of its paragraph leaves it open."""


Marks = tuple[Mark, ...]
Runs = dict[int, deque[int]]
"""Where runs of backticks begin, by their length."""


def lasting(marks: Marks) -> Marks:
    """Those that the end of a paragraph leaves open."""
    return tuple(mark for mark in marks if mark.lasts)


@dataclass(slots=True)
class Found:
    """What was found in the paragraphs of a text so far."""

    marks: list[tuple[int, Marks]] = field(default_factory=list)
    """Which marks are open from a place on."""
    whole: list[tuple[int, int]] = field(default_factory=list)
    """From where to where nothing may be cut, in order of the beginning; two may share a character."""
    half: int = -1
    """Where something begins that more text may end: a link, an address, a token; -1 where nothing does."""
    text_until: int = 0
    """What begins before this place and is only half there is text: nothing will end it."""

    def inside_of_whole(self, floor: int) -> frozenset[int]:
        """The places inside of what begins at `floor` or later and is not to be cut."""
        whole = (range(start + 1, end) for start, end in self.whole if start >= floor)
        return frozenset(at for places in whole for at in places)


def read_marks(text: str, begin: int, end: int, marks: Marks, dialect: Dialect, found: Found) -> Marks:
    """Read one paragraph; return the marks that are open at its end."""
    if _ANY.search(text, begin, end) is None:
        return marks
    at = begin
    runs: Runs | None = None
    if marks and marks[-1].text[0] == "`":
        runs = _runs_of_ticks(text, begin, end)
        at = _partner(runs, len(marks[-1].text), begin - 1) + len(marks[-1].text)
        if at < begin + len(marks[-1].text):
            found.whole += _runs_in_code(text, begin, end)
            return marks
        found.whole += _runs_in_code(text, begin, at)
        marks = marks[:-1]
        found.marks.append((at, marks))
    while token := _TOKEN.search(text, at, end):
        start, at = token.span()
        kind = token.lastgroup
        if kind == "run":
            marks = _meet(text, start, at, end, marks, dialect, found)
        elif kind == "ticks":
            runs = _runs_of_ticks(text, start, end) if runs is None else runs
            at, marks = _read_code(text, start, at, _partner(runs, at - start, start), marks, found)
            if at > end:
                break
        else:
            at = _read_whole(text, start, at, end, kind, found)
    return marks


def _read_whole(text: str, start: int, at: int, end: int, kind: str | None, found: Found) -> int:
    """Note what is not to be cut; return where it ends."""
    if kind == "half" and (end < len(text) or start < found.text_until):
        return start + 1  # its paragraph is over, or it is torn: nothing will end it
    found.whole.append((start, at))
    if kind == "whole":
        return at
    may_end = at == len(text) and start >= found.text_until
    if may_end and (kind == "half" or _MAYBE_WHOLE.match(text, start) is None):
        found.half = start
    return at if kind == "half" else start + len(text[start:at].rstrip(_NOT_AT_THE_END))


def first_sign(text: str, fence: Fence | None) -> int:
    """How long the shortest beginning of a text is that has a sign which may be a mark; longer than it where none has.

    What stands in a longer text before that is the same in a shorter one.
    """
    if _SIGN_OR_CODE.search(text) is None:
        return len(text) + 1
    at = 0
    for line in text.split("\n"):
        if (fence is None or fence.left_at(line)) and (sign := _SIGN.match(line)):
            return at + sign.end()
        fence = fence_after_line(line, fence)
        at += len(line) + 1
    return len(text) + 1


def _runs_of_ticks(text: str, begin: int, end: int) -> Runs:
    runs: Runs = defaultdict(deque)
    for run in _TICKS.finditer(text, begin, end):
        runs[run.end() - run.start()].append(run.start())
    return runs


def _partner(runs: Runs, length: int, after: int) -> int:
    """Where the next run of so many backticks stands; -1 where there is none."""
    same = runs.get(length)
    while same and same[0] <= after:
        same.popleft()
    return same[0] if same else -1


def _read_code(text: str, start: int, at: int, close: int, marks: Marks, found: Found) -> tuple[int, Marks]:
    """Read what begins with backticks; return where it ends, and the marks that are open there."""
    inside = (*marks, Mark(text[start:at], start))
    if _too_many(inside) or (close < 0 and _is_within_word(text, start, at)):
        return at, marks
    found.marks.append((at, inside))
    if close < 0:
        found.whole += [(start, at + 1), *_runs_in_code(text, at, len(text))]
        return len(text) + 1, inside
    over = close + at - start
    if over - start <= _SHORT_CODE:
        found.whole.append((start, over))
    else:
        found.whole += [(start, at + 1), *_runs_in_code(text, at, over)]
    found.marks.append((over, marks))
    return over, marks


def _runs_in_code(text: str, begin: int, end: int) -> list[tuple[int, int]]:
    """Backticks in code, with what stands beside them: where a cut is, others are written, and would join them."""
    return [(run.start() - 2, min(run.end() + 2, end)) for run in _TICKS.finditer(text, begin, end)]


def _meet(text: str, start: int, at: int, end: int, marks: Marks, dialect: Dialect, found: Found) -> Marks:
    """Let a run of signs close what is open, else open something; what it does neither is text, but in one piece."""
    sign = text[start]
    read_as = _READ_AS.get(text[start:at], ()) if sign != "|" or dialect.spoilers else ()
    before = text[start - 1] if start else ""
    after = text[at] if at < end else ""
    left = marks
    if marks and (
        sign == "|" or (before and not before.isspace() and not _is_in_name(text[start:at], after, dialect))
    ):
        for mark in read_as:
            left = _closed(left, mark)
    if len(left) < len(marks):
        found.whole.append((_behind_blanks(text, start), at))
    elif (
        read_as
        and not _is_in_name(text[start:at], before, dialect)
        and (new := _opened(text, start, at, before, after, read_as, dialect))
        and not _too_many((*marks, *new))
    ):
        left = (*marks, *new)
        found.whole.append((start, at + 1))
    else:
        found.whole.append(
            (start, at + 1 + (after == " "))
        )  # at a message's end it would join what is closed there
        return marks
    found.marks.append((at, left))
    return left


def _closed(marks: Marks, text: str) -> Marks:
    """Leave a mark out, and what was opened after it: that was no mark, unless it was opened at the same place."""
    for number in range(len(marks) - 1, -1, -1):
        if marks[number].text == text:
            kept = (mark for mark in marks[number + 1 :] if mark.lasts or mark.at == marks[number].at)
            return (*marks[:number], *kept)
    return marks


def _opened(
    text: str, start: int, at: int, before: str, after: str, read_as: tuple[str, ...], dialect: Dialect
) -> Marks:
    sign = text[start]
    behind_word = dialect.underscores_before_blanks and text[start:at] == "_" and before.strip()
    if not after or (after.isspace() and sign != "|" and not behind_word):
        return ()
    within_word = _is_within_word(text, start, at)
    if within_word and sign != "|":
        return ()
    lasts = sign == "|" and not within_word and (after not in " \t" or before in _LINE_STARTS)
    return tuple([Mark(mark, start, lasts) for mark in read_as])


def _is_in_name(run: str, beside: str, dialect: Dialect) -> bool:
    """Whether underscores beside a letter are part of a name."""
    if run[0] != "_" or not beside.isalnum():
        return False
    return is_letter(beside) or (len(run) == 1 and not dialect.wide_underscores)


def _too_many(marks: Marks) -> bool:
    return sum([len(mark.text) for mark in marks]) > MOST_OPEN


def _behind_blanks(text: str, start: int) -> int:
    """The visible character before a place: what closes a mark belongs to it."""
    at = start - 1
    while at > 0 and text[at].isspace():
        at -= 1
    return max(at, 0)


def _is_within_word(text: str, start: int, at: int) -> bool:
    """Whether letters stand on both sides, as in `2**10`; scripts that write without blanks don't count."""
    return start > 0 and at < len(text) and is_letter(text[start - 1]) and is_letter(text[at])


def is_letter(character: str) -> bool:
    """Whether it is a letter or figure of a script that writes with blanks: an underscore beside it may be a name's."""
    return character.isalnum() and (
        character < "\u1100" or unicodedata.east_asian_width(character) not in "WF"
    )
