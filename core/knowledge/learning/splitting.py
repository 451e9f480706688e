"""Splits pages into pieces: what AIVAX indexes is one document each, of 20 to 700 words and about 5,000 characters.

A piece ends with its page, so that an answer can name the page; a page that is too long ends between two paragraphs,
else two lines, two sentences, two words. What is too little to be found by itself goes along with its neighbour.
Nothing is lost, nothing repeated, and the order stays.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum

from core.knowledge.learning.pages import Page

MOST_WORDS, MOST_CHARS = 660, 4_700
"""Of one piece. AIVAX embeds 700 words and 5,000 characters; the rest is for the line that names the source."""
FEWEST_WORDS, ENOUGH_CHARS = 20, 1_000
"""A piece of fewer words is too little, unless it has so many characters: some scripts set no blanks."""
LONGEST_WORD = 1_000
"""Characters without a blank that stay together."""
_WORD = re.compile(rf"\S{{1,{LONGEST_WORD}}}")
_SENTENCE_END = re.compile(r"[.!?。！？…][\"'»”’)\]]*$")  # noqa: RUF001  full-width marks end sentences too


class Border(IntEnum):
    """What lies behind a word; the greater the better a piece may end there."""

    WORD = 0
    SENTENCE = 1
    LINE = 2
    PARAGRAPH = 3
    PAGE = 4


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a source that becomes one document."""

    text: str
    first_page: int
    """0 where the source has no pages."""
    last_page: int


@dataclass(frozen=True, slots=True)
class _Words:
    """All words of a source: where each begins and ends in the whole text, its page, and the border behind it."""

    text: str
    begins: Sequence[int]
    ends: Sequence[int]
    pages: Sequence[int]
    borders: Sequence[Border]
    page_ends: Sequence[int]
    """For each word, the index behind the last word of its page."""


def split(pages: Sequence[Page]) -> Sequence[Piece]:
    """Split tidy pages into pieces."""
    words = _words_of(pages)
    return tuple(_pieces(words))


def _words_of(pages: Sequence[Page]) -> _Words:
    begins: list[int] = []
    ends: list[int] = []
    numbers: list[int] = []
    borders: list[Border] = []
    page_ends: list[int] = []
    offset = 0
    for page in pages:
        before = len(begins)
        for word in _WORD.finditer(page.text):
            begins.append(offset + word.start())
            ends.append(offset + word.end())
            numbers.append(page.number)
            borders.append(_border(page.text, word))
        page_ends += [len(begins)] * (len(begins) - before)
        if len(begins) > before:
            borders[-1] = Border.PAGE
        offset += len(page.text) + 2
    return _Words("\n\n".join(page.text for page in pages), begins, ends, numbers, borders, page_ends)


def _border(text: str, word: re.Match[str]) -> Border:
    gap = text[word.end() : word.end() + 2]
    if gap == "\n\n":
        return Border.PARAGRAPH
    if gap[:1] == "\n":
        return Border.LINE
    return Border.SENTENCE if _SENTENCE_END.search(word[0]) else Border.WORD


def _pieces(words: _Words) -> Iterator[Piece]:
    first, count = 0, len(words.begins)
    while first < count:
        behind = _best_end(words, first)
        text = words.text[words.begins[first] : words.ends[behind - 1]]
        yield Piece(text, words.pages[first], words.pages[behind - 1])
        first = behind


def _best_end(words: _Words, first: int) -> int:
    """The index behind the last word of the piece that begins with `first`."""
    count = len(words.begins)
    fitting = _fitting(words, first)
    good = [
        behind
        for behind in range(first + 1, fitting + 1)
        if _is_enough(words, first, behind) and (behind == count or _is_enough(words, behind, count))
    ]
    if not good:
        return fitting
    page_end = next((behind for behind in good if words.borders[behind - 1] is Border.PAGE), None)
    if page_end is not None:
        return page_end
    kept = [behind for behind in good if _is_enough(words, behind, words.page_ends[behind])]
    return max(kept or good, key=lambda behind: _worth(words, first, behind))


def _fitting(words: _Words, first: int) -> int:
    """The index behind the last word that fits into one piece."""
    most = min(first + MOST_WORDS, len(words.begins))
    behind = first + 1
    while behind < most and words.ends[behind] - words.begins[first] <= MOST_CHARS:
        behind += 1
    return behind


def _is_enough(words: _Words, first: int, behind: int) -> bool:
    return behind - first >= FEWEST_WORDS or words.ends[behind - 1] - words.begins[first] >= ENOUGH_CHARS


def _worth(words: _Words, first: int, behind: int) -> tuple[bool, Border, int]:
    """At least half full, then the best border, then the longest."""
    chars = words.ends[behind - 1] - words.begins[first]
    is_half_full = behind - first >= MOST_WORDS // 2 or chars >= MOST_CHARS // 2
    return is_half_full, words.borders[behind - 1], behind
