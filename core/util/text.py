"""Small helpers for text: what comes from outside is made sound, what people read is made short."""

from __future__ import annotations


def shorten(text: str, most_chars: int) -> str:
    """Cut a text to `most_chars`, with an ellipsis for its last one where something was cut off."""
    return text if len(text) <= most_chars else f"{text[: most_chars - 1].rstrip()}…"


def sound(text: str) -> str:
    """Make a text fit to be stored and sent: join split surrogate pairs, replace lone halves, drop NUL characters.

    PostgreSQL can't store a NUL.
    """
    return text.replace("\x00", "").encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
