"""Text from outside, made fit to be stored and sent: no half surrogate pairs, no NUL characters."""

from __future__ import annotations


def sound(text: str) -> str:
    """Join split surrogate pairs, replace lone halves, drop NUL (PostgreSQL can't store it)."""
    if "\x00" in text:
        text = text.replace("\x00", "")
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text
