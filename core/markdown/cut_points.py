"""Where a Markdown text may be cut, and how good each place is."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum

from core.markdown.fences import Fence, fence_after_line, looks_like_fence, looks_like_fence_from

_ITEM = re.compile(r"([ \t]*)(?:[-*+]|\d{1,9}[.)])[ \t]")
_HEADING = re.compile(r" {0,3}#{1,6}(?:\s|$)")
_UNDERLINE = re.compile(r"[ \t]*[|:=-][|:=\- \t]*\r?")
_WORD = re.compile(r"[^\S\n]+(?=[^\s`~#>\-+*=|])")
_SENTENCE_END = re.compile(r"""[.!?\u2026]["'\u201d\u2019)\]*_]*\s*$|[\u3002\uff01\uff1f]\s*$""")
_CJK_END = re.compile(r"(?<=[\u3002\uff01\uff1f])(?=[^\s`~\u3002\uff01\uff1f\u300d\u300f\uff09])")
_LONGEST_ENDING = 12


class Rank(IntEnum):
    """How well a text bears a cut, worst first."""

    POOR = 0
    """Below a heading, or inside the head of a table."""
    WORD = 1
    SENTENCE = 2
    CODE = 3
    """Between two lines inside a fence."""
    LINE = 4
    """Between two lines, such as the rows of a table."""
    NESTED = 5
    """Before something inside a list's item."""
    ITEM = 6
    BLOCK = 7


@dataclass(frozen=True, slots=True, order=True)
class Seam:
    """A place where a text may be cut; of two, the greater one bears it better, or stands later."""

    rank: Rank
    at: int


def line_seams(view: str, fence: Fence | None) -> Iterator[Seam]:
    """Every line of a text, but for the first, that a new message may begin with.

    `fence` is open at its beginning. The last line may be incomplete: what is not there yet does not count.
    """
    at, blank, before = 0, False, ""
    for line in view.split("\n"):
        if line.strip():
            rank = _code_rank(line, before, fence) if fence else _text_rank(line, before, blank=blank)
            if before and rank is not None:
                yield Seam(rank, at)
            fence = fence_after_line(line, fence)
            before, blank = line, False
        else:
            blank = True
        at += len(line) + 1


def _code_rank(line: str, before: str, fence: Fence) -> Rank | None:
    """No new message begins with a fence's end, and none ends with its beginning."""
    content = line.strip().lstrip("> ")
    may_close = not content.strip(fence.marker[0])
    return None if may_close or looks_like_fence(before) else Rank.CODE


def _text_rank(line: str, before: str, *, blank: bool) -> Rank:
    underlined = _UNDERLINE.fullmatch(line) or ("|" in before and _UNDERLINE.fullmatch(before))
    if _HEADING.match(before) or (underlined and not blank):
        return Rank.POOR
    if not blank and not _ITEM.match(line):
        return Rank.LINE
    if line[0] in " \t":
        return Rank.NESTED
    return Rank.BLOCK if blank else Rank.ITEM


def inner_seams(view: str, floor: int) -> Iterator[Seam]:
    """The words and sentences from `floor` on that a new message may begin with.

    Left out are words that would turn into a heading, a quote, an item or a fence at the beginning of a line.
    """
    for pattern in (_WORD, _CJK_END):
        line_end, fence_from = -1, 0
        for match in pattern.finditer(view, floor):
            at = match.end()
            if at > line_end:  # the beginning of a line is read once, not for each of its words
                fence_from = looks_like_fence_from(view, view.rfind("\n", 0, at) + 1)
                line_end = view.find("\n", at) % (len(view) + 1)  # the text's, where no line ends
            if floor < at < fence_from:
                ending = view[max(0, at - _LONGEST_ENDING) : at]
                yield Seam(Rank.SENTENCE if _SENTENCE_END.search(ending) else Rank.WORD, at)


def last_whole_character(view: str, first: int) -> int:
    """The last place behind `first`, before the text's last character, that is inside no visible character."""
    places = range(len(view) - 1, first, -1)
    whole = [at for at in places if not _belong_together(view, at)]
    return next(
        (at for at in whole if view[at] not in "`~" and view[at - 1] not in "`~\\"),
        whole[0] if whole else max(len(view) - 1, first + 1),
    )


def _belong_together(text: str, at: int) -> bool:
    before, after = text[at - 1], text[at]
    return (
        unicodedata.category(after) in ("Mn", "Mc", "Me", "Cf")
        or before == "\u200d"
        or "\U0001f3fb" <= after <= "\U0001f3ff"  # the tone of an emoji's skin
        or ("\ud800" <= before <= "\udbff" and "\udc00" <= after <= "\udfff")
        or ("\u1160" <= after <= "\u11ff")  # vowels and final consonants of Hangul
        or (before == "\r" and after == "\n")
        or (_is_flag_half(after) and _flag_halves_before(text, at) % 2 == 1)
    )


def _is_flag_half(character: str) -> bool:
    return "\U0001f1e6" <= character <= "\U0001f1ff"


def _flag_halves_before(text: str, at: int) -> int:
    begin = at
    while begin and _is_flag_half(text[begin - 1]):
        begin -= 1
    return at - begin
