"""How long things took, counted in buckets that grow by a fifth: a percentile is told to within 10 in 100."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Mapping

from sqlalchemy import ColumnElement, case, literal_column

GROWTH = 1.2
BOUNDS_S = tuple(round(0.1 * GROWTH**each, 3) for each in range(60))
"""The upper bounds: 100 ms to an hour and a quarter. The last bucket has none."""


def bucket_of(length_s: float) -> int:
    """The bucket that a length falls in."""
    return bisect_left(BOUNDS_S, length_s)


def bucket(length_s: ColumnElement[float]) -> ColumnElement[int]:
    """The same in SQL."""
    steps = ((length_s <= literal_column(str(bound)), number) for number, bound in enumerate(BOUNDS_S))
    return case(*steps, else_=len(BOUNDS_S))


def percentile_s(counted: Mapping[int, int], part: float) -> float | None:
    """A length that `part` of those counted by bucket do not exceed, in seconds; None: nothing is counted."""
    wanted, so_far = max(1, math.ceil(part * sum(counted.values()))), 0
    for number in sorted(counted):
        so_far += counted[number]
        if so_far >= wanted:
            return _middle_s(number)
    return None


def _middle_s(number: int) -> float:
    """Between the bounds of a bucket, by their ratio."""
    upper = BOUNDS_S[min(number, len(BOUNDS_S) - 1)]
    return upper / math.sqrt(GROWTH) if number < len(BOUNDS_S) else upper
