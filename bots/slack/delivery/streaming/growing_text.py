"""A text that grows by many small pieces, put together only when somebody reads it: so it costs what it is long."""

from __future__ import annotations


class GrowingText:
    """An answer so far."""

    def __init__(self) -> None:
        self.said = False
        """Whether anything visible is in it."""
        self._text = ""
        self._fed: list[str] = []

    def add(self, delta: str) -> None:
        """Add to its end."""
        if delta:
            self._fed.append(delta)
            self.said = self.said or not delta.isspace()

    @property
    def text(self) -> str:
        """All of it."""
        if self._fed:
            self._text += "".join(self._fed)
            self._fed.clear()
        return self._text
