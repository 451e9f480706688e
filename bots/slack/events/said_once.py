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
    """The lines of a message, without what its text said before.

    Only what is remembered counts: of two blocks that say "ok", each says it of something else.
    """

    def __init__(self, known: str = " ") -> None:
        self.lines: list[str] = []
        self.known = known
        self._compared = 0

    def say(self, text: str, *, whole: bool = False, remember: bool = False) -> None:
        """Add a text, unless it is known; unless `whole`, without lines at its beginning and end that are known."""
        lines = text.strip("\n").split("\n")
        if not text.strip() or self._is_known(text):
            return
        while not whole and len(lines) > 1 and self._is_known(lines[0]):
            del lines[0]
        while not whole and len(lines) > 1 and self._is_known(lines[-1]):
            del lines[-1]
        self.lines.extend(lines)
        if remember:
            self.known += f"{words_in(text)} "

    def _is_known(self, text: str) -> bool:
        self._compared += 1
        words = words_in(text)
        return bool(words) and self._compared <= _MOST_COMPARED and f" {words} " in self.known

    def __str__(self) -> str:
        return "\n".join(self.lines)


def words_in(text: str) -> str:
    return " ".join(_WORD.findall(text.casefold()))


def is_stand_in(text: str) -> bool:
    return text.strip().casefold() in STAND_INS


def joined(text: str, shown: Iterable[Piece], *, by_app: bool) -> SaidOnce:
    """Join a message's text with what its blocks show.

    Where the blocks hold the text, they are enough. Of people's words, what stands in rich text stands in `text` too,
    whatever small differences there are; what they wrote themselves is always said.
    """
    pieces, said = list(shown), SaidOnce()
    in_text, in_blocks = words_in(text), " ".join(words_in(each.text) for each in pieces)
    is_held = (by_app or any(each.rich for each in pieces)) and f" {in_text} " in f" {in_blocks} "
    if text.strip() and not is_stand_in(text) and not (is_held and in_text != in_blocks):
        said.say(text, whole=True, remember=True)
        pieces = [each for each in pieces if by_app or not each.rich]
    for piece in pieces:
        said.say(piece.text, whole=piece.whole)
    if is_held:
        said.known += f"{in_text} "
    return said
