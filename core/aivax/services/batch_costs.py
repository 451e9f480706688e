"""What a batch cost, wherever AIVAX tells it: of the job as a whole, or of each line of its export.

All of it is unstated.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from core.aivax.stream import chunks
from core.aivax.stream.chunks import amount, mapping

_NAMES = ("cost", "totalcost", "costusd", "credits", "consumedcredits", "spentcredits")
_WITHIN = ("usage", "metadata", "statistics")


@dataclass(frozen=True, slots=True)
class Cost:
    """What calls cost, as far as it is told."""

    usd: float | None = None
    prompt_tokens: int = 0
    completion_tokens: int = 0


NOT_TOLD = Cost()


def cost_in(told: Mapping[str, Any]) -> Cost:
    """Read the cost of a job or of a line; `NOT_TOLD` where nothing of it is there."""
    places = [told, *(mapping(told.get(name)) for name in _WITHIN)]
    tokens = chunks.usage(mapping(told.get("usage")), credits_spent=None, model="", provider="")
    usd = chunks.cost(told)
    if usd is None:
        named = (amount(value) for place in places for name, value in place.items() if _plain(name) in _NAMES)
        usd = next((each for each in named if each is not None and each >= 0), None)
    return Cost(usd, tokens.prompt_tokens, tokens.completion_tokens)


def added_up(costs: Iterable[Cost]) -> Cost:
    """All of them together; its price is unknown where none is told."""
    costs = list(costs)
    known = [each.usd for each in costs if each.usd is not None]
    return Cost(
        math.fsum(known) if known else None,
        sum(each.prompt_tokens for each in costs),
        sum(each.completion_tokens for each in costs),
    )


def _plain(name: str) -> str:
    return name.replace("_", "").replace("-", "").lower()
