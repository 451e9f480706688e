"""An answer of AIVAX as a timeline: what happened, in the order in which it happened.

Tool activity is `core.domain.messages.ToolActivity`, because surfaces show it as it comes.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from core.domain import ToolActivity


@dataclass(frozen=True, slots=True)
class Text:
    """Visible text of the answer; never empty."""

    delta: str


@dataclass(frozen=True, slots=True)
class Thinking:
    """The model thinks: never part of the answer, nor of the stored history."""

    delta: str


@dataclass(frozen=True, slots=True)
class ToolCalled:
    """The model asks its client to run a tool; ends the turn with `finish_reason` `tool_calls`."""

    id: str
    name: str
    arguments: str
    """JSON text."""


@dataclass(frozen=True, slots=True)
class Usage:
    """What the answer cost, as far as AIVAX told."""

    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int = 0
    credits: float | None = None
    """USD, as AIVAX itself tells it, in the stream or by the header `Consumed-Credits`; None where it does not."""
    model: str = ""
    provider: str = ""
    """Who ran the model; `""` where it is not told."""
    other_usd: float | None = None
    """USD that calls cost beside the completion, such as a search; None: there were none, or none tells."""

    def plus(self, later: Usage) -> Usage:
        """What both tries of one answer cost: a try that failed after it began was paid for, too."""
        return Usage(
            self.prompt_tokens + later.prompt_tokens,
            self.completion_tokens + later.completion_tokens,
            self.cached_tokens + later.cached_tokens,
            _sum(self.credits, later.credits),
            later.model or self.model,
            later.provider or self.provider,
            _sum(self.other_usd, later.other_usd),
        )


def _sum(*amounts: float | None) -> float | None:
    known = [each for each in amounts if each is not None]
    return math.fsum(known) if known else None


@dataclass(frozen=True, slots=True)
class Finished:
    """The answer is whole. `reason` is lower-case: `stop`, `length`, `content_filter`, `tool_calls`."""

    reason: str


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture that the model made, or a file of another kind, such as a sound."""

    data: bytes
    """Nothing where it was larger than wanted, or cut off."""
    media_type: str
    """As its first bytes tell it."""
    alt: str
    """What it shows, in one line; `""` where nothing tells."""


@dataclass(frozen=True, slots=True)
class MadeLink:
    """Where something lies that one of AIVAX' tools made, as the tool told it: a picture, a document, a page."""

    url: str


TimelineEvent = Text | Thinking | Picture | MadeLink | ToolActivity | ToolCalled | Usage | Finished
