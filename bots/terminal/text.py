"""Making what a model wrote safe to print: a terminal obeys control characters, and a person can't see others."""

from __future__ import annotations

import unicodedata
from datetime import datetime

KEPT = frozenset("\n\t")
REMOVED = frozenset({"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"})
"""Categories: controls, invisible formats (tags, zero width, direction), what Unicode has not assigned or leaves to
private use, lone surrogates, and line ends that only some programs see."""
BLANK_LETTERS = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u3164\uffa0")
"""Letters and marks that show nothing."""
JOINER = "\u200d"
TEXT_STYLE, EMOJI_STYLE = "\ufe0e", "\ufe0f"
STYLED = frozenset("#*0123456789\u203c\u2049\u2139\u2194\u25fd\u25fe\u3030\u303d")
"""Besides symbols (So): what has a form as text and one as an emoji."""


def printable(text: str) -> str:
    """The text without anything that a terminal obeys or that nobody sees; emoji of several parts stay whole."""
    return Printable().feed(text)


def age(at: datetime, since: datetime) -> str:
    """A length of time in its largest unit: `3d`, `2h`, `5m`, `10s`."""
    seconds = max(0, int((at - since).total_seconds()))
    for unit, size in (("d", 86_400), ("h", 3_600), ("m", 60)):
        if seconds >= size:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"


class Printable:
    """`printable` for a text that comes in pieces: an emoji may be cut between two of them."""

    def __init__(self) -> None:
        self._last = ""
        self._joiner = ""
        """A joiner that shows only if an emoji follows."""

    def feed(self, piece: str) -> str:
        """What can be shown of a piece."""
        if piece.isascii() and piece.isprintable() and not self._joiner:
            self._last = piece[-1:] or self._last
            return piece
        return "".join(map(self._shown, piece))

    def _shown(self, character: str) -> str:
        if character == JOINER:
            self._joiner = JOINER if self._joins(self._last) else ""
            return ""
        if not self._is_seen(character):
            return ""
        joiner, self._joiner, self._last = self._joiner, "", character
        return joiner + character if _is_emoji(character) else character

    def _is_seen(self, character: str) -> bool:
        if character in (TEXT_STYLE, EMOJI_STYLE):
            return not self._joiner and _is_emoji(self._last)
        if _is_other_selector(character) or character in BLANK_LETTERS:
            return False
        return character in KEPT or unicodedata.category(character) not in REMOVED

    @staticmethod
    def _joins(last: str) -> bool:
        return last == EMOJI_STYLE or _is_emoji(last) or "\U0001f3fb" <= last <= "\U0001f3ff"


def _is_emoji(character: str) -> bool:
    return character in STYLED or (character != "" and unicodedata.category(character) == "So")


def _is_other_selector(character: str) -> bool:
    return "\ufe00" <= character <= "\ufe0d" or "\U000e0100" <= character <= "\U000e01ef"
