"""Where a Markdown text may be cut, and how good each place is."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Container, Iterator
from dataclasses import dataclass
from enum import IntEnum

from core.markdown.fences import Fence, looks_like_fence, looks_like_fence_from

_ITEM = re.compile(r"([ \t]*)(?:[-*+]|\d{1,9}[.)])[ \t]")
_HEADING = re.compile(r"[ >]{0,6}#{1,6}(?:\s|$)")
_LINE_MARK = re.compile(r"[ \t>]*+(?:(?:[-*+]|\d{1,9}+[.)]|#{1,6}|-#)[ \t]++)*+")
_UNDERLINES = frozenset("|:=-")
_ITEM_SIGNS = frozenset("-*+0123456789")
_UNDERLINE = re.compile(r"[ \t]*[|:=-][|:=\- \t]*\r?")
_UNDERLINE_BEFORE = re.compile(r"[ \t>]*[|:=-][|:=\- \t]*\r?")
_WORD = re.compile(
    r"[^\S\n]+(?!\d{1,9}+(?:\Z|[.)](?:\s|\Z)))(?=[^\s`~#>\-+*=|]|``?(?!`)|\*{1,3}(?=[^\s*])|~~(?=[^\s~])|\|\|(?=[^\s|]))"
)
_SENTENCE_END = re.compile(r"""[.!?\u2026]["'\u201d\u2019)\]*_]*\s*$|[\u3002\uff01\uff1f]\s*$""")
_CJK_END = re.compile(r"(?<=[\u3002\uff01\uff1f])(?=[^\s`~\u3002\uff01\uff1f\u300d\u300f\uff09])")
_LONGEST_ENDING = 12
_VIRAMA = 9  # the class of signs that join two letters of an Indian script


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


def code_rank(line: str, before: str, fence: Fence) -> Rank | None:
    """How well a line inside a fence begins a message: none begins with its end, and none ends with its beginning."""
    if not line.strip().lstrip("> ").strip(fence.marker[0]):
        return None
    is_first = ("```" in before or "~~~" in before) and looks_like_fence(before)
    return None if is_first else Rank.CODE


def text_rank(line: str, content: str, before: str, *, blank: bool) -> Rank:
    """How well a line begins a message; `content` is the line without the marks of a quote."""
    if "#" in before and _HEADING.match(before):
        return Rank.POOR
    if not blank:
        first = content.lstrip(" \t")[:1]
        if first in _UNDERLINES and _UNDERLINE.fullmatch(content):
            return Rank.POOR
        if "|" in before and _UNDERLINE_BEFORE.fullmatch(before):
            return Rank.POOR
        if first not in _ITEM_SIGNS or not _ITEM.match(line):
            return Rank.LINE
    if line[0] in " \t":
        return Rank.NESTED
    return Rank.BLOCK if blank else Rank.ITEM


def inner_seams(view: str, floor: int) -> Iterator[Seam]:
    """The words and sentences from `floor` on that a new message may begin with.

    Left out are words that would turn into a heading, a quote, an item, a row or a fence at the beginning of a line,
    and the first one behind the mark of a line.
    """
    for pattern in (_WORD, _CJK_END):
        line_end, fence_from, words_from = -1, 0, 0
        for match in pattern.finditer(view, floor):
            at = match.end()
            if at > line_end:  # the beginning of a line is read once, not for each of its words
                line_start = view.rfind("\n", 0, at) + 1
                fence_from = looks_like_fence_from(view, line_start)
                mark = _LINE_MARK.match(view, line_start)
                words_from = mark.end() if mark else line_start
                line_end = view.find("\n", at) % (len(view) + 1)  # the text's, where no line ends
            if max(floor, words_from) < at < fence_from:
                ending = view[max(0, at - _LONGEST_ENDING) : at]
                yield Seam(Rank.SENTENCE if _SENTENCE_END.search(ending) else Rank.WORD, at)


def last_whole_character(view: str, first: int, forbidden: Container[int] = ()) -> int:
    """The last place behind `first`, before the text's last character, that is inside no visible character."""
    places = range(len(view) - 1, first, -1)
    poor = 0
    for at in places:
        if at in forbidden or _belong_together(view, at):
            continue
        if view[at] not in "`~_" and view[at - 1] not in "`~\\":
            return at
        poor = poor or at
    return poor or max(len(view) - 1, first + 1)


def _belong_together(text: str, at: int) -> bool:
    before, after = text[at - 1], text[at]
    return (
        (after > "\u02ff" and unicodedata.category(after) in ("Mn", "Mc", "Me", "Cf"))
        or before == "\u200d"
        or after in "\u0e33\u0eb3"  # vowels of Thai and Lao
        or (before > "\u08ff" and unicodedata.combining(before) == _VIRAMA and after.isalpha())
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
