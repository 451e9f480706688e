"""Frames around what people wrote, so that nobody can pose as another person, as the bot or as the system.

A frame begins at the start of a line with a name and a colon. Whatever a person wrote stands behind that colon, its
further lines indented: a line that begins at the margin is always ours. Names hold no colon, no bracket and no line
end, and two people whose names look the same are numbered.

A model reads more than a screen shows. Every character that ends a line in any writing system (Unicode's mandatory
breaks, https://www.unicode.org/reports/tr14/) becomes a plain line end, and characters that nobody sees go: controls,
overrides of the writing direction, and the tag characters and rows of variation selectors in which whole sentences
can be hidden.
"""

from __future__ import annotations

import re
import unicodedata

INDENT = "    "
FRAMES = "The name before the first colon says who wrote a message; its further lines are indented."
"""What the model is told of the frames."""
NAME_CHARS = 60
NAMELESS = "someone"
RESERVED = frozenset({"assistant", "developer", "function", "system", "tool", "user"})
"""What chat formats call those who are no people: a person of that name is numbered from the start."""

_DIRECTIONS = "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
_UNSEEN = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\ufeff\ufff9-\ufffb"
    f"{_DIRECTIONS}\U000e0000-\U000e001f]"
    "|(?<![\U0001f3f4\U000e0020-\U000e007f])[\U000e0020-\U000e007f]+"  # else part of a regional flag
    "|(?<=[\ufe00-\ufe0f\U000e0100-\U000e01ef])[\ufe00-\ufe0f\U000e0100-\U000e01ef]+"  # one is enough
)
_NO_WIDTH = dict.fromkeys([0xAD, 0x34F, *range(0x200B, 0x200E), *range(0x2060, 0x2065), 0xFE0E, 0xFE0F])
_FRAME_MARKS = re.compile(r"[:\[\](){}<>\uff1a\ufe55\ua789\u2236]")
_LIST_MARKS = "-\u2010\u2011\u2012\u2013\u2014\u2212\u2022\u00b7*+#> "
_IN_NAMES = {"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp", "Zs"}


def harmless(text: str) -> str:
    """A text with plain line ends and without characters that a reader can't see. Emoji and tabs stay as they are."""
    if text.isascii() and text.isprintable():
        return text
    return _UNSEEN.sub("", "\n".join(text.splitlines()))


def is_blank(text: str) -> bool:
    """Whether a text shows nothing: only blanks, and characters that have no width."""
    if text[:1].isalnum():  # as nearly every text of a long history begins
        return False
    return not harmless(text).translate(_NO_WIDTH).strip()


def indented(text: str) -> str:
    """A text whose further lines can't be taken for the beginning of a frame."""
    return harmless(text).replace("\n", f"\n{INDENT}")


def plain_name(name: str) -> str:
    """A name on one line, without the marks of a frame, at most `NAME_CHARS` long; `""` where nothing is left."""
    seen = "".join(" " if unicodedata.category(char) in _IN_NAMES else char for char in name)
    return " ".join(_FRAME_MARKS.sub(" ", seen).split())[:NAME_CHARS].rstrip()


class Names:
    """What the people of one request are called: each always the same, and no two alike."""

    def __init__(self) -> None:
        self._labels: dict[str, str] = {}
        self._taken: set[str] = {*RESERVED, NAMELESS}

    def label(self, name: str, person: str = "") -> str:
        """The name to show. `person` tells people of the same name apart; without it the name alone does."""
        plain = plain_name(name).lstrip(_LIST_MARKS)
        key = f"id:{person}" if person else f"name:{plain}"
        if key not in self._labels:
            self._labels[key] = self._free(plain) if plain or person else NAMELESS
        return self._labels[key]

    def _free(self, plain: str) -> str:
        label, number = plain or NAMELESS, 1
        while _looks(label) in self._taken:
            number += 1
            label = f"{plain or NAMELESS} ({number})"
        self._taken.add(_looks(label))
        return label


def _looks(label: str) -> str:
    """What two names share that a reader takes for the same: width, case, accents and spacing aside."""
    apart = unicodedata.normalize("NFKD", label).casefold()
    return "".join(char for char in apart if char.isalnum() or char in "()")
