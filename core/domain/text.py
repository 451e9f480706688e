"""Text from outside, made fit to be stored and sent: no half surrogate pairs, no NUL characters."""

from __future__ import annotations


def sound(text: str) -> str:
    """Join split surrogate pairs, replace lone halves, drop NUL (PostgreSQL can't store it)."""
    return text.replace("\x00", "").encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
