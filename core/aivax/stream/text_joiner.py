"""Joining the text of a stream, where a character may come in two halves."""

from __future__ import annotations

from core.domain.text import sound


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
