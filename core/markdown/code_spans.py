"""Code between backticks in a line: which runs of them are a pair."""

from __future__ import annotations

import re
from collections.abc import Iterator

_TICKS = re.compile(r"(\\?`+)")


def spans(line: str) -> Iterator[tuple[str, bool]]:
    """Part a line into ordinary text and code between backticks, which come with it; whether it is code.

    A run of backticks without a partner right behind the text after it is ordinary text.
    """
    parts = _TICKS.split(line)  # by turns text and a run of backticks
    at = 0
    while at < len(parts):
        yield parts[at], False
        if at + 3 < len(parts) and parts[at + 1] == parts[at + 3]:
            yield "".join(parts[at + 1 : at + 4]), True
            at += 4
        elif at + 1 < len(parts):
            yield parts[at + 1], False
            at += 2
        else:
            return


def is_settled(line: str) -> bool:
    """Tell whether all backticks of a line are pairs, so that no reader of Markdown finds others in it."""
    runs = _TICKS.findall(line)
    return len(runs) % 2 == 0 and not any(
        run.startswith("\\") or other != run for run, other in zip(runs[::2], runs[1::2], strict=False)
    )
