"""Links in what a model wrote and in what its tools gave back: where AIVAX says that a file or a page lies.

In what form a tool hands over what it made is not documented. Seen, or likely: a text or an object in `result` or
`resultText`, and lists of addresses in fields of their own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

MOST_LINKS = 20
_IN_FIELDS = ("result", "resultText", "url", "urls", "file", "files", "images", "output", "outputs")
_MOST_CHARS = 100_000
_MOST_DEEP, _MOST_LISTED = 6, 50
_LINK = re.compile(r"https?://[^\s<>\"'`\\^{}|\[\]]{1,2000}")
_AFTER = ".,;:!?*_~"
_AFTER_IN_BRACKETS = _AFTER + ")"


def links_in(text: str) -> Iterator[str]:
    """The links in a text, each once, at most `MOST_LINKS`: bare, in Markdown or in HTML."""
    seen: set[str] = set()
    for found in _LINK.finditer(text, 0, _MOST_CHARS):
        link = found.group()
        if ")" in link and link.count(")") > link.count("("):
            link = _before_closing(link)
        link = link.rstrip(_AFTER if "(" in link else _AFTER_IN_BRACKETS)
        if link not in seen:
            seen.add(link)
            yield link
        if len(seen) >= MOST_LINKS:
            return


def _before_closing(link: str) -> str:
    """A link up to the bracket that closes more than was opened in it: that one is of the text around it."""
    open_ones = 0
    for at, char in enumerate(link):
        open_ones += (char == "(") - (char == ")")
        if open_ones < 0:
            return link[:at]
    return link


def links_of(tool: Mapping[str, Any]) -> tuple[str, ...]:
    """The links that a `servertool` tells, each once."""
    found = (link for name in _IN_FIELDS for link in _within(tool.get(name), _MOST_DEEP))
    return tuple(dict.fromkeys(found))[:MOST_LINKS]


def links_within(value: object) -> tuple[str, ...]:
    """The links anywhere in a document, each once."""
    return tuple(dict.fromkeys(_within(value, _MOST_DEEP)))[:MOST_LINKS]


def _within(value: object, deep: int) -> Iterator[str]:
    if isinstance(value, str):
        yield from links_in(value)
    elif isinstance(value, list | dict) and deep:
        inner = value.values() if isinstance(value, dict) else value
        for each in [each for each, _ in zip(inner, range(_MOST_LISTED), strict=False)]:
            yield from _within(each, deep - 1)
