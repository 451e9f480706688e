"""Small helpers for text: what comes from outside is made sound, what people read is made short."""

from __future__ import annotations

import re

_OTHERS_WORDS = re.compile(
    r"^([ \t>]{0,20})\[((?:forwarded (?:from|message)|preview of|e-mail from|transcript:)[^\]\n]{0,300})\]?",
    re.MULTILINE | re.IGNORECASE,
)
"""What a message's readers write above words that are another's: a forward, a preview, an e-mail, a clip's words."""


def shorten(text: str, most_chars: int) -> str:
    """Cut a text to `most_chars`, with an ellipsis for its last one where something was cut off."""
    return text if len(text) <= most_chars else f"{text[: most_chars - 1].rstrip()}…"


def sound(text: str) -> str:
    """Make a text fit to be stored and sent: join split surrogate pairs, replace lone halves, drop NUL characters.

    PostgreSQL can't store a NUL. Nearly every text is sound, and to look takes a fraction of what writing it anew does.
    """
    return (
        text
        if _is_sound(text)
        else text.replace("\x00", "").encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    )


def _is_sound(text: str) -> bool:
    if "\x00" in text:
        return False
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:  # halves of surrogate pairs
        return False
    return True


def unmarked(text: str) -> str:
    """Words that somebody typed, without the look of what only a message's readers write: `(forwarded from Dana)`."""
    return _OTHERS_WORDS.sub(r"\1(\2)", text) if "[" in text else text
