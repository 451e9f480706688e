"""Puts the parts of a message together so that nothing is said twice.

Apps repeat their blocks in `text`, for notifications; Slack itself repeats people's rich text there. What is compared
are words, for the marks around them differ.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from bots.slack.events.blocks import Piece

_WORD = re.compile(r"\w+")
_MOST_COMPARED = 100
"""Pieces that are looked for in what was said before; the further ones, of which Slack allows none, are taken."""
STAND_INS = frozenset(
    (
        "[no preview available]",
        "this content can't be displayed.",
        "this message contains interactive elements.",
    )
)
"""What Slack writes where it has no text for a message or a preview: never content."""


class SaidOnce:
    """The lines of a message, each said once."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self._said = " "
        self._compared = 0

    def say(self, text: str, *, whole: bool = False) -> None:
        """Add a text, without what was said before: all of it, or, unless `whole`, lines at its beginning and end."""
        lines = text.strip("\n").split("\n")
        if self._is_known(text):
            return
        while not whole and len(lines) > 1 and self._is_known(lines[0]):
            del lines[0]
        while not whole and len(lines) > 1 and self._is_known(lines[-1]):
            del lines[-1]
        self.lines.extend(lines)
        self._said += f"{words_in(text)} "

    def _is_known(self, text: str) -> bool:
        self._compared += 1
        words = words_in(text)
        if self._compared > _MOST_COMPARED:
            return not text.strip()
        return f" {words} " in self._said if words else not text.strip() or text.strip() in self.lines

    def __str__(self) -> str:
        return "\n".join(self.lines)


def words_in(text: str) -> str:
    return " ".join(_WORD.findall(text.casefold()))


def is_stand_in(text: str) -> bool:
    return text.strip().casefold() in STAND_INS


def joined(text: str, shown: Iterable[Piece], *, by_app: bool) -> SaidOnce:
    """Join a message's text with what its blocks show.

    Where one holds the other it is enough. Of people's words, what stands in rich text stands in `text` too, whatever
    small differences there are.
    """
    pieces, said = list(shown), SaidOnce()
    in_text, in_blocks = words_in(text), " ".join(words_in(each.text) for each in pieces)
    is_repeated = bool(in_blocks) and (f" {in_text} " in f" {in_blocks} " or is_stand_in(text))
    if text.strip() and not (is_repeated and in_text != in_blocks) and not is_stand_in(text):
        said.say(text, whole=True)
        pieces = [each for each in pieces if by_app or not each.rich]
    for piece in pieces:
        said.say(piece.text, whole=piece.whole)
    return said
