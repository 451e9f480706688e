"""Links on Discord, which show where they lead: a text can't pose as another address.

Discord draws `[text](address)` as the text alone, so that the model, or whoever it read, could write one address and
link another. The address stands beside the text instead, without a preview.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

_TICKS = re.compile(r"(\\?`+)")
_LINK = re.compile(
    r"(?<!\\)!?\[([^\[\]\n]*)\]\(\s*<?(https?://[^\s<>()]*(?:\([^\s<>()]*\)[^\s<>()]*)*)>?"
    r"""(?:\s+(?:"[^"\n]*"|'[^'\n]*'))?\s*\)""",
    re.IGNORECASE,
)
_JOINT = "]("


def growth(text: str) -> int:
    """Count by how many characters a text grows at most when its links are shown."""
    return text.count(_JOINT)


def with_shown_links(text: str) -> str:
    """Write the address of each link beside its text; what else could be read as a link is taken apart."""
    return _LINK.sub(_shown, text).replace(_JOINT, "] (") if _JOINT in text else text


def pieces(line: str) -> Sequence[tuple[str, bool]]:
    """Part a line into ordinary text and code between backticks, which come with it; whether it is code."""
    return list(_pieces(_TICKS.split(line)))


def is_settled(line: str) -> bool:
    """Tell whether all backticks of a line are pairs, so that Discord reads no others into it."""
    runs = _TICKS.findall(line)
    return len(runs) % 2 == 0 and not any(
        run.startswith("\\") or other != run for run, other in zip(runs[::2], runs[1::2], strict=False)
    )


def _pieces(parts: Sequence[str]) -> Iterator[tuple[str, bool]]:
    """`parts`: by turns text and a run of backticks. A run without a partner right behind it is ordinary text."""
    at = 0
    while at < len(parts):
        yield parts[at], False
        if at + 3 < len(parts) and parts[at + 1] == parts[at + 3]:
            yield "".join(parts[at + 1 : at + 4]), True
            at += 4
        elif at + 1 < len(parts):
            yield parts[at + 1], False
            at += 2
        else:
            return


def _shown(link: re.Match[str]) -> str:
    words, url = link[1].strip(), link[2]
    if not words or words.casefold().removesuffix("/") in _names_of(url):
        return f"<{url}>"
    return f"{words} (<{url}>)"


def _names_of(url: str) -> tuple[str, str]:
    """The address as people write it: whole, or without its scheme."""
    whole = url.casefold().removesuffix("/")
    return whole, whole.partition("://")[2]
