"""Foreign words and addresses as links: the words are no marks, and the address is one that people may be sent to."""

from __future__ import annotations

from urllib.parse import quote, urlsplit

from core.markdown.literal import literal
from core.util.text import shorten

_LINK_CHARS = 2_000
_IN_ADDRESS = "-._~:/?#@!$&'*+,;=%"


def as_words(text: str, most_chars: int) -> str:
    """A foreign text as plain words on one line: nothing in it is a mark, an end of a line, or unseen."""
    line = " ".join("".join(char if char.isprintable() else " " for char in text).split())
    return literal(shorten(line, most_chars))


def as_link(words: str, address: str, most_chars: int = 100) -> str:
    """A link, where the address is one that people may be sent to: `https`, a host, and no user in it.

    Anything else gives the words alone.
    """
    label, target = as_words(words, most_chars), safe_address(address)
    return f"[{label}]({target})" if target else label


def safe_address(address: str) -> str:
    """An address as it may stand in a link; `""` for one that people may not be sent to."""
    if len(address) > _LINK_CHARS or not address.isprintable() or "\\" in address or " " in address:
        return ""
    try:
        parts = urlsplit(address)
        parts.port  # noqa: B018 - refuses what is no port
    except ValueError:
        return ""
    if parts.scheme.lower() != "https" or not parts.hostname or "@" in parts.netloc:
        return ""
    return quote(address, safe=_IN_ADDRESS)
