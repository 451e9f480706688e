"""What comes in fragments becomes whole: characters cut in two halves, and calls of the client's tools."""

from __future__ import annotations

from dataclasses import dataclass

from core.aivax.stream.chunks import Json, dumped, mapping, word
from core.aivax.stream.events import ToolCalled
from core.aivax.stream.sse import EventTooLarge
from core.util.text import sound


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


@dataclass(slots=True)
class _Draft:
    id: str = ""
    name: str = ""
    arguments: str = ""


class ToolCalls:
    """Collects the fragments of `delta.tool_calls` by their index."""

    def __init__(self, most_chars: int) -> None:
        self._most_chars = most_chars
        self._chars = 0
        self._drafts: dict[str, _Draft] = {}

    @property
    def are_any(self) -> bool:
        return bool(self._drafts)

    def add(self, value: object) -> None:
        """Take what a delta holds.

        Raises:
            EventTooLarge: the calls are larger than the limit.
        """
        for place, call in enumerate(value if isinstance(value, list) else ()):
            self._put(word(mapping(call).get("index")) or str(place), mapping(call))

    def _put(self, index: str, call: Json) -> None:
        function = mapping(call.get("function"))
        name, arguments = word(function.get("name")), dumped(function.get("arguments"))
        self._chars += len(index) + len(name) + len(arguments) + 1
        if self._chars > self._most_chars:
            raise EventTooLarge
        draft = self._drafts.setdefault(index, _Draft())
        draft.id = word(call.get("id")) or draft.id
        draft.name = name or draft.name
        draft.arguments += arguments

    def whole(self) -> tuple[ToolCalled, ...]:
        """Return the calls in the order in which they began; a call without a name is none."""
        return tuple(
            ToolCalled(draft.id or index, draft.name, draft.arguments)
            for index, draft in self._drafts.items()
            if draft.name
        )
