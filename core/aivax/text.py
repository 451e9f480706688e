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


class Joiner:
    """Makes a stream of deltas sound, where one character may come in two halves in two deltas."""

    def __init__(self) -> None:
        self._half = ""

    def join(self, delta: str) -> str:
        """Return the text that is complete; the first half of a pair waits for the next delta."""
        text, self._half = self._half + delta, ""
        if text and "\ud800" <= text[-1] <= "\udbff":
            text, self._half = text[:-1], text[-1]
        return sound(text)

    def close(self) -> str:
        """Return what still waited, as a replacement character."""
        text, self._half = self._half, ""
        return sound(text)
