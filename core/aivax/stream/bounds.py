"""How much one answer may be: what a service that repeats itself, or is hostile, can cost."""

from __future__ import annotations

from dataclasses import dataclass

from core.aivax.stream.sse import MAX_EVENT_BYTES

ANSWER_CHARS = 60_000
FILE_BYTES = 8_000_000
OVERLONG = "overlong"
"""The reason of `Finished` where we ended the answer because it passed a bound."""
_HELD_CHARS = 1_000
_GOOD_PLACES = ("\n\n", "\n", ". ", "! ", "? ", "。", " ")


@dataclass(frozen=True, slots=True)
class AnswerBounds:
    """The bounds of one answer."""

    chars: int = ANSWER_CHARS
    """Of visible text."""
    file_bytes: int = FILE_BYTES
    """Of one picture, or file of another kind."""
    body_bytes: int = 64_000_000
    """Of all that is sent for it: events, pings and what nobody asked for."""
    event_bytes: int = MAX_EVENT_BYTES
    """Of one event."""
    silent_bytes: int = 2 * MAX_EVENT_BYTES
    """Between two events that say something."""


DEFAULT_BOUNDS = AnswerBounds()


class Room:
    """Lets so many characters through, and cuts what comes after them at a good place.

    The last of them are held back until it is known whether more comes, so that what was shown is never taken back.
    """

    def __init__(self, chars: int) -> None:
        self._most_held = min(_HELD_CHARS, chars // 20)
        self._let_through = chars - self._most_held
        self._left = chars
        self._held = ""
        self.passed = False
        """Whether there was more than there is room for."""

    def take(self, text: str) -> str:
        """Return what may be shown now of a text that came."""
        if self.passed:
            return ""
        if len(text) > self._left:
            self.passed = True
            shown, self._held = _cut(self._held + text[: self._left], self._most_held), ""
            return shown
        self._left -= len(text)
        through = min(self._let_through, len(text))
        self._let_through -= through
        self._held += text[through:]
        return text[:through]

    def close(self) -> str:
        """Return what was held back of an answer that ended in time."""
        held, self._held = self._held, ""
        return held


def _cut(text: str, most_chars: int) -> str:
    """Cut a text near its end, at the best place that its last characters have."""
    early = max(len(text) - most_chars, 0)
    for place in _GOOD_PLACES:
        at = text.rfind(place, early)
        if at >= 0:
            return text[:early] + text[early : at + len(place)].rstrip()
    return text
