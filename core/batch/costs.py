"""What a batch cost: told once for all of it, counted once for each result that is shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from core.aivax.services.batch import Line, Progress
from core.aivax.services.batch_costs import Cost, added_up
from core.aivax.stream.events import Usage

MODEL = "batch"
"""What the cost of a batch is called in `usage`, where a model's name stands otherwise."""
_MICRO = 1_000_000


def cost_of(progress: Progress, lines: Sequence[Line]) -> Cost:
    """What a job cost up to now: its own word, else that of its lines."""
    of_lines = added_up(each.cost for each in lines)
    usd = progress.cost.usd if progress.cost.usd is not None else of_lines.usd
    return Cost(
        usd,
        progress.cost.prompt_tokens or of_lines.prompt_tokens,
        progress.cost.completion_tokens or of_lines.completion_tokens,
    )


def counted(before: Mapping[str, int], cost: Cost) -> dict[str, int]:
    """The numbers of a batch that say what it cost in all, and what of that no result before has counted.

    A price is kept in millionths of a dollar. What was tried again may cost less in all than what was told before: then
    nothing more is counted.
    """
    now = {"prompt_tokens": cost.prompt_tokens, "completion_tokens": cost.completion_tokens}
    if cost.usd is not None:
        now["micro_usd"] = round(cost.usd * _MICRO)
    told: dict[str, int] = {}
    for name, value in now.items():
        earlier = before.get(name, 0)
        told |= {name: max(value, earlier), f"new_{name}": max(value - earlier, 0)}
    return told


def new_usage(numbers: Mapping[str, int]) -> Usage | None:
    """What is to be counted with a result; None where AIVAX tells nothing of it."""
    usage = Usage(
        numbers.get("new_prompt_tokens", 0),
        numbers.get("new_completion_tokens", 0),
        credits=numbers["new_micro_usd"] / _MICRO if "new_micro_usd" in numbers else None,
        model=MODEL,
    )
    is_told = usage.credits is not None or usage.prompt_tokens or usage.completion_tokens
    return usage if is_told else None


def total_usd(numbers: Mapping[str, int]) -> float | None:
    """What the batch cost in all; None where AIVAX does not tell."""
    return numbers["micro_usd"] / _MICRO if "micro_usd" in numbers else None
