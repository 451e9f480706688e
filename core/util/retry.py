"""How long to wait before something that failed is tried again: one rule for everything that waits ever longer."""

from __future__ import annotations

_DOUBLINGS = 16


def growing_s(failed: int, first_s: float, longest_s: float, *, chance: float = 1.0) -> float:
    """Double the wait with each try that failed before, up to `longest_s`; `failed` is 0 for the first wait.

    `chance`, from 0 to 1, spreads the wait over its upper half, so that those who failed together do not come back
    together. Doublings end at 16: a loop that has run for days must not leave the range of a float.
    """
    return min(first_s * 2.0 ** min(failed, _DOUBLINGS), longest_s) * (0.5 + chance / 2)
