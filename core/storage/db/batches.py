"""Lists that came from outside, in pieces: a statement takes so many values and no more (SQLite 32,766)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

T = TypeVar("T")

MOST = 500


def batched(values: Iterable[T], most: int = MOST) -> Iterator[list[T]]:
    """The values in lists of `most`, none of them empty."""
    rest = iter(values)
    while batch := list(islice(rest, most)):
        yield batch
