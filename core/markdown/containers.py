"""What quotes and lists put before a line, and what of it a message repeats that begins inside of them."""

from __future__ import annotations

import re

CONTAINER = re.compile(r"[ \t]*+(?:(?:[-*+]|\d{1,9}+[.)])[ \t]++|>[ \t]?+)*+")
"""What a quote or a list puts before a line."""
_LIST_MARKER = re.compile(r"(?:[-*+]|\d{1,9}+[.)])")
_BEFORE_ITEMS = re.compile(r"[ \t>]*+")
_DEEP = re.compile(r"\A(?: {4,}| *\t[ \t]*)|(?<=>)(?: {5,}| *\t[ \t]*)")


def without_items(prefix: str) -> str:
    """Put blanks in the place of the marks of items: what goes on in an item is none of its own."""
    return _LIST_MARKER.sub(lambda marker: " " * len(marker[0]), prefix)


def before_items(prefix: str) -> str:
    """What stands before the first mark of an item: the quote that a list is in."""
    return _BEFORE_ITEMS.match(prefix)[0]  # type: ignore[index]  # nothing at least matches


def shallow(prefix: str) -> str:
    """Take the blanks away that would make code of a line in a message where no list is open.

    Those are four at a line's beginning, and five behind a `>` (CommonMark 0.31.2, 4.4).
    """
    return _DEEP.sub(lambda blanks: " " if blanks.start() else "", prefix)
