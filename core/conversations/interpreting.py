"""Who puts into words what a model can neither hear nor see; `core.media` has it, where it is switched on."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from core.aivax.request import Part
from core.conversations.left_out import Why


@dataclass(frozen=True, slots=True)
class Interpreted:
    """What a file says, in words, and what it cost in USD; 0.0 where that is not told."""

    text: str = field(repr=False)
    model: str
    """What the cost is counted under."""
    spent_usd: float = 0.0
    is_speech: bool = False


class Interpreter(Protocol):
    """Puts files into words."""

    def takes(self, part: Part) -> bool:
        """Whether the model is given words in place of such a file."""

    async def interpret(self, part: Part, person_key: str) -> Interpreted | Why:
        """Put a file into words for a person, or say why not; never raises what concerns the file alone."""


class NoInterpreter:
    """Leaves every file to the model."""

    def takes(self, part: Part) -> bool:
        del part
        return False

    async def interpret(self, part: Part, person_key: str) -> Interpreted | Why:
        del part, person_key
        return Why.NOT_INTERPRETED


NO_INTERPRETER = NoInterpreter()
