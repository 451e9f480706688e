"""Answers searches: what a body may say, what is found, and what it costs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from sandbox.knowledge.filters import Test, filter_of
from sandbox.knowledge.library import Collection, Document, Found, Library, ranked
from sandbox.knowledge.words import tokens_of
from sandbox.refusals import Refusal
from sandbox.shapes import Shapes
from sandbox.wire import is_number

KEYS: Final = (
    *("collections", "term", "terms", "top", "minScore", "reranker", "includeReferences", "filter"),
)
RERANKERS: Final = ("none", "rrf", "lexical", "smart", "@aivax/reflex-v1")
REFLEX: Final = ("smart", "@aivax/reflex-v1")
EMBEDDING_USD: Final = 0.10 / 1_000_000
REFLEX_USD: Final = 0.015 / 1_000_000
ANSWER_USD: Final = 0.50 / 1_000_000
_MOST_TOP = 128


@dataclass(frozen=True, slots=True)
class Search:
    """A search whose body was found in order."""

    collections: Sequence[Collection]
    terms: Sequence[str]
    top: int
    least: float
    reranker: str
    references: bool
    test: Test


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a search found, and its price in USD; both nothing where no document passed the filter."""

    found: Sequence[Found]
    usd: float


def read_search(body: object, library: Library, shapes: Shapes, now: float) -> Search:
    """Reads a body, or raises the refusal that names what is wrong.

    A key that the service does not know is refused, or ignored as the service does, by `shapes`.
    """
    if not isinstance(body, dict):
        raise Refusal(400, "The body must be an object.")
    if (unknown := sorted(body.keys() - set(KEYS))) and shapes.unknown_search_keys == "refused":
        raise Refusal(
            400, f"'{unknown[0]}' is not a known field. Known: {', '.join(KEYS)}.", param=unknown[0]
        )
    return Search(
        collections=_collections(body.get("collections"), library),
        terms=_terms(body.get("term"), body.get("terms")),
        top=_top(body.get("top", 5)),
        least=_least(body.get("minScore", 0.2)),
        reranker=_reranker(body.get("reranker", RERANKERS[-1])),
        references=_flag(body, "includeReferences"),
        test=filter_of(body.get("filter"), datetime.fromtimestamp(now, UTC)),
    )


def _collections(value: object, library: Library) -> Sequence[Collection]:
    if not isinstance(value, list) or not value:
        raise Refusal(400, "'collections' must be a list of ids.", param="collections")
    unknown = [each for each in value if each not in library.collections]
    if unknown:
        raise Refusal(404, f"The collection '{unknown[0]}' was not found.", param="collections")
    return [library.collections[each] for each in dict.fromkeys(value)]


def _terms(term: object, terms: object) -> Sequence[str]:
    given = terms if terms is not None else [term]
    if (term is None) is (terms is None) or not isinstance(given, list) or not given:
        raise Refusal(400, "Either 'term' or 'terms' is needed.", param="term")
    if not all(isinstance(each, str) and each.strip() for each in given):
        raise Refusal(400, "A term must be a text that is not empty.", param="term")
    return [str(each) for each in given]


def _top(value: object) -> int:
    if not isinstance(value, int) or not is_number(value) or not 1 <= value <= _MOST_TOP:
        raise Refusal(400, f"'top' must be from 1 to {_MOST_TOP}.", param="top")
    return value


def _least(value: object) -> float:
    if not isinstance(value, int | float) or not is_number(value) or not 0.01 <= value <= 0.99:
        raise Refusal(400, "'minScore' must be from 0.01 to 0.99.", param="minScore")
    return float(value)


def _reranker(value: object) -> str:
    if value not in RERANKERS:
        raise Refusal(400, f"'reranker' must be one of {', '.join(RERANKERS)}.", param="reranker")
    return str(value)


def _flag(body: Mapping[str, Any], name: str) -> bool:
    value = body.get(name, False)
    if not isinstance(value, bool):
        raise Refusal(400, f"'{name}' must be true or false.", param=name)
    return value


def run_search(search: Search, library: Library, known: set[str]) -> Outcome:
    """Searches. Terms that were searched for before are embedded already: `known` remembers them."""
    candidates = library.candidates(search.collections, search.test)
    if not candidates:
        return Outcome((), 0.0)
    fresh = [term for term in search.terms if term not in known]
    known.update(fresh)
    usd = tokens_of(fresh) * EMBEDDING_USD
    found = ranked(candidates, search.terms, search.least, search.top)
    if search.reranker in REFLEX:
        usd += tokens_of([each.document.contents for each in found]) * REFLEX_USD
    return Outcome(found, usd)


def described(found: Found, search: Search, shapes: Shapes) -> dict[str, Any]:
    """Describes one document that was found."""
    document = found.document
    others = _referenced(document, search) if search.references else []
    metadata = {"metadata": dict(document.metadata)} if shapes.hit_metadata == "told" else {}
    return {
        "documentId": document.id,
        shapes.hit_collection: found.collection,
        "documentName": document.name,
        "documentContent": document.contents,
        "score": round(found.score, 6),
        **metadata,
        "referencedDocuments": others,
    }


def _referenced(document: Document, search: Search) -> list[dict[str, Any]]:
    if document.reference is None:
        return []
    alike = (
        each
        for collection in search.collections
        for each in collection.documents.values()
        if each.reference == document.reference and each.id != document.id
    )
    return [
        {"documentId": each.id, "documentName": each.name, "documentContent": each.contents} for each in alike
    ]


def written(texts: Sequence[str]) -> str:
    """Writes an answer out of what was found: its first sentences."""
    if not texts:
        return "Nothing was found about that."
    return " ".join(text.partition(".")[0] + "." for text in texts[:3])
