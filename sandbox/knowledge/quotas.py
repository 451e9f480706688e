"""Counts searches and insertions against what the plan allows."""

import math
from typing import Final

from sandbox.plans import DAY, MINUTE, PlanName, Window
from sandbox.refusals import Refusal

SEARCHES_PER_MIN: Final[dict[PlanName, int | None]] = {"free": 20, "pro": 500, "max": 3_000}
RERANKED_PER_MIN: Final[dict[PlanName, int | None]] = {"free": 30, "pro": 1_000, "max": None}
INSERTIONS_PER_DAY: Final[dict[PlanName, int | None]] = {"free": 500, "pro": 10_000, "max": None}
IMPORT_LINES: Final[dict[PlanName, int]] = {"free": 1_000, "pro": 10_000, "max": 1_000_000}
"""That many are refused already: one line less passes."""
COLLECTIONS: Final[dict[PlanName, int | None]] = {"free": 5, "pro": None, "max": None}
_ENDLESS: Final = 1_000_000_000


class Quotas:
    """The windows of one account. Each method raises a 429 refusal that says when to come back."""

    def __init__(self, plan: PlanName) -> None:
        self._searches = Window(SEARCHES_PER_MIN[plan] or _ENDLESS, MINUTE)
        self._reranked = Window(RERANKED_PER_MIN[plan] or _ENDLESS, MINUTE)
        self._insertions = Window(INSERTIONS_PER_DAY[plan] or _ENDLESS, DAY)

    def search(self, now: float, *, reranked: bool) -> None:
        """Counts one search."""
        for window in (self._searches, *((self._reranked,) if reranked else ())):
            _admit(window, now, 1, "The rate limit of searches is reached.")

    def insert(self, now: float, documents: int) -> None:
        """Counts documents that are new or changed."""
        if documents:
            _admit(self._insertions, now, documents, "The daily limit of insertions is reached.")


def _admit(window: Window, now: float, amount: int, message: str) -> None:
    wait_s = math.ceil(window.wait_s(now, amount))
    if wait_s > 0:
        said = f"{message} Try again in {wait_s} s."
        raise Refusal(429, said, code="rate_limit_exceeded", retry_after=wait_s)
    window.add(now, amount)
