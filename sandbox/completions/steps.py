"""What happens in an answer, step by step, before it is written on a wire."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Say:
    """A stretch of visible text."""

    text: str


@dataclass(frozen=True, slots=True)
class Think:
    """A stretch of reasoning."""

    text: str


@dataclass(frozen=True, slots=True)
class Tool:
    """The state of a tool that the gateway runs; `contents` is JSON text."""

    id: str
    name: str
    contents: str
    state: str
    explanation: dict[str, str] | None = None
    result: str = ""
    """What it gave back, or why it failed; `""` until it has ended."""
    told: Mapping[str, Any] = field(default_factory=dict)
    """More fields of its event."""


@dataclass(frozen=True, slots=True)
class Call:
    """A call of one of the client's functions; `arguments` is JSON text."""

    id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class Wait:
    """Seconds in which nothing comes."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Rejected:
    """Text that did not fit the schema: it was paid for, and the model was asked again."""

    text: str


Step = Say | Think | Tool | Call | Wait | Rejected


@dataclass(frozen=True, slots=True)
class Answer:
    """Everything that happens in an answer, in its order, and why it ended."""

    steps: tuple[Step, ...]
    finish_reason: str = "stop"
    exhausted: bool = False
    """Whether no attempt fitted the schema, so that there is no answer at all."""

    @property
    def text(self) -> str:
        """Gives the visible text as a whole."""
        return "".join(step.text for step in self.steps if isinstance(step, Say))


def tokens_of(text: str) -> list[str]:
    """Cuts a text into what stands for tokens here; joined, they are the text again."""
    return re.findall(r"\s*\S{1,8}|\s+", text)
