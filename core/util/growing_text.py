"""A text that comes in many small pieces."""

from __future__ import annotations

_MOST_PIECES = 64


class GrowingText:
    """Is added to at its end, again and again.

    The pieces are put together now and then: each by itself takes some sixty bytes beside its characters.
    """

    __slots__ = ("_pieces",)

    def __init__(self) -> None:
        self._pieces: list[str] = []

    def add(self, piece: str) -> None:
        """Add to the end."""
        if piece:
            self._pieces.append(piece)
            if len(self._pieces) >= _MOST_PIECES:
                self._join()

    def replace(self, old: str, new: str) -> None:
        """Put another text in the place of one, wherever it stands."""
        self._pieces = [self.whole.replace(old, new)]

    @property
    def whole(self) -> str:
        """All of it."""
        self._join()
        return self._pieces[0] if self._pieces else ""

    def _join(self) -> None:
        if len(self._pieces) > 1:
            self._pieces[:] = ["".join(self._pieces)]
