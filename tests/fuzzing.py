"""Mutants of JSON values: what a platform might send one day, or a broken proxy today.

A mutant is made from a sample by a number alone: `mutant(samples, 4711)` is the same in each run, so a failure names
the number and can be looked at.
"""

from __future__ import annotations

import copy
import random
from collections.abc import Callable, Iterator, Sequence
from typing import Any

MOST_CHANGES = 6
DEEP = 60

STRANGE: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 7, 2**63, -(2**70), 0.5, 1e308, float("inf"), float("nan")),
    *(
        "",
        " ",
        "\n",
        "\x00",
        "0",
        "-",
        "x" * 5_000,
        "<",
        "<|>",
        "<@>",
        "<@|>",
        "<#|",
        "<!>",
        "<!date^>",
        "</a:>",
    ),
    *(
        "<@U0BEN|",
        "a <| b |> c",
        "&lt;&amp;lt;",
        "**||__`` ",
        "\ud83d",
        "\ude00\ud83d",
        "\u202eabc",
        "e\u0301" * 40,
    ),
    *("1790000000.000100", "1e400", "NaN", "https://", "[no preview available]", "```", "> " * 200),
    *([], {}, [None], [[]], [{}], {"": ""}, {"type": None}, {"type": "news", "text": {"text": 1}}),
)
"""Values that stand where others are expected."""

Change = Callable[[random.Random, list[Any], int, Any], None]


def mutant(samples: Sequence[Any], number: int) -> Any:
    """Copy one of the samples and change it in some places, as the number says."""
    rng = random.Random(number)  # noqa: S311 - repeatable, not secret
    value = copy.deepcopy(rng.choice(samples))
    for _ in range(rng.randint(1, MOST_CHANGES)):
        _change(rng, value, samples)
    return value


def mutants(samples: Sequence[Any], count: int, first: int = 0) -> Iterator[tuple[int, Any]]:
    """Yield so many mutants, each with its number."""
    for number in range(first, first + count):
        yield number, mutant(samples, number)


def _change(rng: random.Random, value: Any, samples: Sequence[Any]) -> None:
    """Change one place, whatever stands there."""
    holder, key = _place(rng, value)
    if holder is None:
        return
    old = holder[key]
    match rng.randrange(10):
        case 0:
            del holder[key]
        case 1 | 2:
            holder[key] = copy.deepcopy(rng.choice(STRANGE))
        case 3:
            holder[key] = copy.deepcopy(_inside(rng, rng.choice(samples)))
        case 4:
            holder[key] = [old, copy.deepcopy(old)]
        case 5:
            holder[key] = {"type": "news", "value": old, "elements": [old], "text": old}
        case 6:
            holder[key] = _deep(rng, old)
        case 7 if isinstance(holder, dict):
            holder[f"{key}_new"] = holder.pop(key)
        case 8 if isinstance(old, str):
            holder[key] = _respelt(rng, old)
        case _:
            _grow(rng, old if isinstance(old, dict | list) else holder)


def _place(rng: random.Random, value: Any) -> tuple[Any, Any]:
    """Walk down from the top, and stop at some member of some object or list."""
    holder, key = None, None
    while isinstance(value, dict | list) and value:
        key = rng.choice(list(value)) if isinstance(value, dict) else rng.randrange(len(value))
        holder, value = value, value[key]
        if rng.random() < 0.2:
            break
    return holder, key


def _inside(rng: random.Random, value: Any) -> Any:
    """Some part of another sample, for where it does not belong."""
    holder, key = _place(rng, value)
    return value if holder is None else holder[key]


def _deep(rng: random.Random, value: Any) -> Any:
    name = rng.choice(
        ("attachments", "blocks", "elements", "message", "child_blocks", "embeds", "components", "value")
    )
    for _ in range(rng.choice((1, 3, DEEP))):
        value = {name: [value], "type": rng.choice(("rich_text", "container", "section", "news"))}
    return value


def _respelt(rng: random.Random, text: str) -> str:
    at = rng.randint(0, len(text))
    inserted = next((each for each in rng.sample(STRANGE, 8) if isinstance(each, str)), "<")
    return rng.choice((text[:at], text[::-1], text[:at] + inserted + text[at:], text.upper(), text * 3))


def _grow(rng: random.Random, holder: Any) -> None:
    added = copy.deepcopy(rng.choice(STRANGE))
    if isinstance(holder, dict):
        holder[
            rng.choice(
                ("news", "subtype", "type", "text", "user", "hidden", "bot_id", "files", "attachments")
            )
        ] = added
    else:
        holder.insert(rng.randint(0, len(holder)), added)
