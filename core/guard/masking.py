"""Masks texts, and puts back what was masked for who wrote it."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Collection

from core.guard.finders import FINDERS, MARGIN
from core.guard.settings import Kind

WINDOW = 8_000
"""So many characters are looked at in one step; in between the loop does other things."""
PLACEHOLDER = re.compile(r"\[(?:EMAIL|PHONE|CARD|TOKEN)_[0-9]{1,6}\]")
LONGEST = len("[EMAIL_999999]")
MOST_VALUES = 999_999


def spans(
    text: str, kinds: Collection[Kind], start: int = 0, end: int | None = None
) -> list[tuple[int, int, Kind]]:
    """What stands in a window of a text, in order; what overlaps is one, named by the first of the finders."""
    end = len(text) if end is None else end
    found = sorted(
        (begin, stop, order, kind)
        for order, (kind, finder) in enumerate(FINDERS.items())
        if kind in kinds
        for begin, stop in finder(text, start, end)
    )
    joined: list[tuple[int, int, int, Kind]] = []
    for begin, stop, order, kind in found:
        if joined and begin < joined[-1][1]:
            last = joined[-1]
            first = min((last[2], last[3]), (order, kind))
            joined[-1] = (last[0], max(last[1], stop), *first)
        else:
            joined.append((begin, stop, order, kind))
    return [(begin, stop, kind) for begin, stop, _, kind in joined]


class Masks:
    """What stands for which value within one call: the same for the same value, wherever it stands."""

    def __init__(self, kinds: Collection[Kind]) -> None:
        self._kinds = kinds
        self._names: dict[str, str] = {}
        self._taken: set[str] = set()
        self._numbers: dict[Kind, int] = {}
        self.restored: dict[str, str] = {}
        """What is put back into the answer, by its placeholder."""

    def __bool__(self) -> bool:
        return bool(self._names)

    def reserve(self, text: str) -> None:
        """Give no value a name that stands in a text already, such as in an answer of before."""
        if "[" in text:
            self._taken.update(PLACEHOLDER.findall(text))

    async def mask(self, text: str) -> str:
        """The text with a placeholder for each value, such as `[EMAIL_1]`."""
        pieces, done = [], 0
        for start in range(0, len(text), WINDOW):
            if start:
                await asyncio.sleep(0)
            for found, stop, kind in spans(text, self._kinds, max(start - MARGIN, done), start + WINDOW):
                begin = max(found, done)
                if begin < stop:
                    pieces += [text[done:begin], self._name_of(text[begin:stop], kind)]
                    done = stop
        return "".join([*pieces, text[done:]]) if pieces else text

    async def restore_what(self, text: str) -> None:
        """Have the values in a text put back into the answer: its reader wrote them."""
        for start in range(0, len(text), WINDOW):
            if start:
                await asyncio.sleep(0)
            for begin, stop, _ in spans(text, self._kinds, start, start + WINDOW):
                if (name := self._names.get(text[begin:stop])) is not None:
                    self.restored[name] = text[begin:stop]

    def _name_of(self, value: str, kind: Kind) -> str:
        if value not in self._names:
            number = self._numbers.get(kind, 0) + 1
            while f"[{kind.upper()}_{number}]" in self._taken:
                number += 1
            self._numbers[kind] = min(number, MOST_VALUES)
            self._names[value] = f"[{kind.upper()}_{number}]"
        return self._names[value]


class Restoring:
    """Puts values back into a text that comes in pieces; a placeholder may come in several of them."""

    def __init__(self, values: dict[str, str]) -> None:
        self._values = values
        self._held = ""

    def feed(self, piece: str) -> str:
        """What can be shown by now."""
        text = self._held + piece
        at = text.rfind("[")
        is_open = at != -1 and len(text) - at < LONGEST and "]" not in text[at:] and _may_become(text[at:])
        self._held, text = (text[at:], text[:at]) if is_open else ("", text)
        return (
            PLACEHOLDER.sub(lambda found: self._values.get(found[0], found[0]), text) if "[" in text else text
        )

    def rest(self) -> str:
        """What was held back, once nothing more comes."""
        held, self._held = self._held, ""
        return held


_BEGINNINGS = frozenset(
    f"[{kind.upper()}_"[:length] for kind in FINDERS for length in range(1, len(kind) + 3)
)


def _may_become(text: str) -> bool:
    """Whether a placeholder may come of it."""
    letters = text.rstrip("0123456789")
    return letters in _BEGINNINGS and (letters == text or letters.endswith("_"))


def masked(text: str, kinds: Collection[Kind]) -> str:
    """A short text with the kind for each value, such as `[EMAIL]`: for what nobody is to put back."""
    pieces, done = [], 0
    for begin, stop, kind in spans(text, kinds):
        pieces += [text[done:begin], f"[{kind.upper()}]"]
        done = stop
    return "".join([*pieces, text[done:]])
