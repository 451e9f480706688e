"""Links on Discord, which show where they lead: a text can't pose as another address.

Discord draws `[text](address)` as the text alone, so that the model, or whoever it read, could write one address and
link another. The address stands beside the text instead, without a preview.
"""

from __future__ import annotations

import re

_LINK = re.compile(
    r"(?<!\\)!?\[([^\[\]\n]*)\]\(\s*<?(https?://[^\s<>()]*(?:\([^\s<>()]*\)[^\s<>()]*)*)>?"
    r"""(?:\s+(?:"[^"\n]*"|'[^'\n]*'))?\s*\)""",
    re.IGNORECASE,
)
_JOINT = "]("
_BLOCK_MARKS = re.compile(r"(?:(?:#{1,6}|-#|>{1,3})(?:\s+|$))+")
_BEFORE_TEXT = " \t>-*+"
"""What may stand before the text of a line: indentation, and marks of quotes and items."""


def growth(text: str) -> int:
    """Count by how many characters a text grows at most when its links are shown."""
    return text.count(_JOINT)


def with_shown_links(text: str) -> str:
    """Write the address of each link beside its text; what else could be read as a link is taken apart."""
    return _LINK.sub(_shown, text).replace(_JOINT, "] (") if _JOINT in text else text


def _shown(link: re.Match[str]) -> str:
    words, url = link[1].strip(), link[2]
    if (marks := _BLOCK_MARKS.match(words)) and _begins_line(link):
        words = words[marks.end() :]  # without its brackets it would be a heading, or a quote
    if not words or words.casefold().removesuffix("/") in _names_of(url):
        return f"<{url}>"
    return f"{words} (<{url}>)"


def _begins_line(link: re.Match[str]) -> bool:
    line_at = link.string.rfind("\n", 0, link.start()) + 1
    return not link.string[line_at : link.start()].strip(_BEFORE_TEXT)


def _names_of(url: str) -> tuple[str, str]:
    """The address as people write it: whole, or without its scheme."""
    whole = url.casefold().removesuffix("/")
    return whole, whole.partition("://")[2]
