"""What comes in fragments becomes whole: characters cut in two halves, marks of an end, calls of the client's tools."""

from __future__ import annotations

import re
from dataclasses import dataclass

from core.aivax.stream.chunks import Json, dumped, mapping, word
from core.aivax.stream.events import ToolCalled
from core.aivax.stream.sse import EventTooLarge
from core.util.text import sound

_MARKS = (
    *(
        "<|im_end|>",
        "<|endoftext|>",
        "<|end_of_text|>",
        "<|eot_id|>",
        "<|eom_id|>",
        "<|end|>",
        "<|return|>",
        "<eos>",
    ),
    *("<end_of_turn>", "<turn|>", "<|end_of_solution|>", "<|END_RESPONSE|>", "<｜end▁of▁sentence｜>"),  # noqa: RUF001
)
"""Of Qwen, Llama, Phi, gpt-oss, Gemma, OpenThinker, Command A and DeepSeek. Each begins with `<`."""
_TAIL_CHARS = 200
_ANY_MARK = "|".join(map(re.escape, _MARKS))
_BEGUN = "|".join(
    re.escape(each)
    for each in sorted({mark[:size] for mark in _MARKS for size in range(1, len(mark))}, key=len)[::-1]
)
_WHOLE_MARKS = re.compile(rf"(?:(?:{_ANY_MARK})\s*)*")
_END_MARKS = re.compile(rf"(?:(?:{_ANY_MARK})\s*)+\Z|(?:(?:{_ANY_MARK})\s*)*(?:{_BEGUN})\Z")


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


class Ending:
    """Takes the model's own marks of an end off the end of an answer: some servers let them through."""

    def __init__(self) -> None:
        self._held = ""

    def take(self, text: str) -> str:
        """Return what can't be such a mark; the rest waits for what follows."""
        text = self._held + text
        if "<" not in text:
            return text
        tail = len(text) - min(len(text), _TAIL_CHARS)
        found = _END_MARKS.search(text, tail)
        at = found.start() if found else len(text)
        self._held = text[at:]
        return text[:at]

    def close(self) -> str:
        """Return what waited, where it was the beginning of a mark and no more."""
        held, self._held = self._held, ""
        return "" if _WHOLE_MARKS.fullmatch(held) else held


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
        self.signs = 0
        """How often a piece of one came."""
        self._drafts: dict[str, _Draft] = {}

    @property
    def are_any(self) -> bool:
        return bool(self._drafts)

    def add(self, value: object) -> None:
        """Take what a delta holds.

        Raises:
            EventTooLarge: the calls are larger than the limit.
        """
        self.signs += 1
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
