"""The body of a search: the one place that writes its keys.

AIVAX ignores a key that it does not know, so a misspelt `filter` would search everything. The keys stand here once,
and what is sent comes from a frozen value whose filter can't be left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

from core.util.text import sound

Reranker = Literal["none", "rrf", "lexical", "smart", "@aivax/reflex-v1"]
RERANKERS: tuple[str, ...] = get_args(Reranker)
MOST_TOP = 128
LEAST_SCORE = 0.01
HIGHEST_SCORE = 0.99
MOST_TERM_CHARS = 2_000
"""Of our own: AIVAX names no limit, and a full question is shorter."""


@dataclass(frozen=True, slots=True)
class Search:
    """What is searched for, and where.

    Raises:
        ValueError: a value that AIVAX refuses. Settings and words are checked before.
    """

    collections: Sequence[str]
    """Ids."""
    term: str
    filter: str | tuple[str, ...] | None
    """One, or several that must all hold. It has no default: None says that every document may be found."""
    top: int = 5
    min_score: float = 0.2
    reranker: Reranker = "rrf"
    """Always sent: what AIVAX takes without it has changed more than once."""

    def __post_init__(self) -> None:
        if not self.collections or not all(self.collections):
            raise ValueError("collections: at least one id")
        if not self.term.strip() or len(self.term) > MOST_TERM_CHARS:
            raise ValueError(f"term: 1 to {MOST_TERM_CHARS} characters")
        if self.filter is not None and not (self.filters and all(each.strip() for each in self.filters)):
            raise ValueError("filter: an empty one would find everything; None says that it is meant so")
        if not 1 <= self.top <= MOST_TOP:
            raise ValueError(f"top: 1 to {MOST_TOP}")
        if not LEAST_SCORE <= self.min_score <= HIGHEST_SCORE:
            raise ValueError(f"min_score: {LEAST_SCORE} to {HIGHEST_SCORE}")
        if self.reranker not in RERANKERS:
            raise ValueError(f"reranker: one of {', '.join(RERANKERS)}")

    @property
    def filters(self) -> tuple[str, ...]:
        """Every filter that must hold."""
        return (self.filter,) if isinstance(self.filter, str) else self.filter or ()


def search_body(search: Search) -> dict[str, Any]:
    """Write the body of `/api/v1/query` and `/api/v1/answer`."""
    body: dict[str, Any] = {
        "collections": list(search.collections),
        "term": sound(search.term),
        "top": search.top,
        "minScore": search.min_score,
        "reranker": search.reranker,
    }
    if search.filters:
        filters = [sound(each) for each in search.filters]
        body["filter"] = filters[0] if len(filters) == 1 else filters
    return body
