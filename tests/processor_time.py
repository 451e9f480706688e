"""What things cost: processor time of this thread, told as a machine at rest would take it.

A busy machine makes the same work dearer, by half or by twice: caches and units of a core are shared. So a piece of
known work is timed, too, and what it takes longer than on a machine at rest is taken off.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable

AT_REST_S = 0.0025
"""What the known work takes on a machine at rest, by which all limits were set: two cores of a server of 2023. A
process's own best would not do, as it may never have seen one at rest."""


def slowness() -> float:
    """How much longer known work takes now than on a machine at rest: 1 or more."""
    return max(1.0, *(_known_work_s() / AT_REST_S for _ in range(3)))


def cost_s(step: Callable[[], object], *, enough_s: float) -> float:
    """The best of three, as a collection of garbage may fall into one; no more once it took `enough_s` or less."""
    best = math.inf
    for _ in range(3):
        began_s = time.thread_time()
        step()
        took_s = time.thread_time() - began_s
        best = min(best, took_s if took_s <= enough_s else took_s / slowness())
        if best <= enough_s:
            break
    return best


def _known_work_s() -> float:
    """What our code does mostly: small objects are made, kept and looked up, more of them than fit into the caches.

    They are none that garbage is looked for among: what else this process keeps does not count.
    """
    began_s = time.thread_time()
    made = {str(number): str(-number) for number in range(10_000)}
    for number in range(0, 10_000, 3):
        made[str(number)] += "0"
    return time.thread_time() - began_s
