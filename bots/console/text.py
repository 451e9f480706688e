"""Making what a model wrote safe to print: a terminal obeys control characters, so they go."""

from __future__ import annotations

import unicodedata

KEPT = frozenset("\n\t")
DIRECTION_CONTROLS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def printable(text: str) -> str:
    """The text without control characters, lone surrogates and overrides of the writing direction."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(character for character in text if _is_safe(character))


def _is_safe(character: str) -> bool:
    if character in KEPT:
        return True
    return character not in DIRECTION_CONTROLS and unicodedata.category(character) not in ("Cc", "Cs")
