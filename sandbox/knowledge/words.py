"""Fakes embeddings: how near two texts are is told by the words that they share, the same each time."""

import re
from collections.abc import Sequence

from sandbox.knowledge.filter_values import plain

_WORD = re.compile(r"\w+")
_COMMON = frozenset(
    {
        "a",
        "an",
        "the",
        "is",
        "are",
        "of",
        "to",
        "in",
        "on",
        "for",
        "and",
        "or",
        "it",
        "we",
        "you",
        "my",
        "our",
    }
    | {"i", "how", "what", "do", "does"}
)
_HIGHEST = 0.99


def nearness(term: str, text: str) -> float:
    """Scores a text from 0 to 0.99: the share of the term's words that it holds."""
    wanted = words_of(term)
    return min(len(wanted & words_of(text)) / len(wanted), _HIGHEST) if wanted else 0.0


def words_of(text: str) -> frozenset[str]:
    """The words that count, without case, accents and plural endings."""
    found = [word for word in _WORD.findall(plain(text)) if word not in _COMMON]
    return frozenset(word.removesuffix("s") if len(word) > 3 else word for word in found)


def tokens_of(texts: Sequence[str]) -> int:
    """Counts tokens as a price needs them: four bytes each."""
    return sum(len(text.encode(errors="replace")) // 4 + 1 for text in texts)
