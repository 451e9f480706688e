"""The text of a source, page by page, in the one form in which it is split."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from core.util.text import sound

_BLANKS = re.compile(r"[^\S\n]+")
_EMPTY_LINES = re.compile(r"\n{3,}")
_LINE_ENDS = re.compile(r"\r\n?|[\v\x1c-\x1e\x85\u2028\u2029]")
PAGE_END = "\f"
"""What extractors of text put between pages, where they tell of pages at all."""


@dataclass(frozen=True, slots=True)
class Page:
    """One page's text; `number` counts from 1, and is 0 where the source has no pages."""

    number: int
    text: str


def tidied(text: str) -> str:
    """Write a text with one blank between words and at most one empty line between paragraphs; no word is changed."""
    lines = _LINE_ENDS.sub("\n", sound(text)).replace(PAGE_END, "\n\n").split("\n")
    return _EMPTY_LINES.sub("\n\n", "\n".join(_BLANKS.sub(" ", line).strip() for line in lines)).strip()


def tidy_pages(pages: Iterable[Page]) -> Sequence[Page]:
    """Tidy each page, and leave out those without a word."""
    tidy = (Page(page.number, tidied(page.text)) for page in pages)
    return tuple(page for page in tidy if page.text)


def pages_in(text: str) -> Sequence[Page]:
    """Read a text: several pages where it tells where each ends, one without a number where it does not."""
    parts = text.split(PAGE_END)
    if len(parts) == 1 or not any(part.strip() for part in parts[1:]):
        return tidy_pages([Page(0, text)])
    return tidy_pages(Page(number, part) for number, part in enumerate(parts, 1))
