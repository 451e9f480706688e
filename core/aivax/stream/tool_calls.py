"""Client-side tool calls come in fragments; here they become whole."""

from __future__ import annotations

from dataclasses import dataclass

from core.aivax.stream.chunks import Json, dumped, mapping, word
from core.aivax.stream.events import ToolCalled


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

    def add(self, value: object) -> None:
        """Take what a delta holds.

        Raises:
            ValueError: the calls are larger than the limit.
        """
        for place, call in enumerate(value if isinstance(value, list) else ()):
            self._put(word(mapping(call).get("index")) or str(place), mapping(call))

    def _put(self, index: str, call: Json) -> None:
        function = mapping(call.get("function"))
        name, arguments = word(function.get("name")), dumped(function.get("arguments"))
        self._chars += len(index) + len(name) + len(arguments) + 1
        if self._chars > self._most_chars:
            raise ValueError("tool calls too large")
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
