"""Reads what the routes of collections answer, in each form that is known of it, into values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from core.aivax.stream.chunks import Json, amount, count, mapping, word
from core.domain import Unavailable
from core.util.text import sound

IndexState = Literal["queued", "indexed", "cancelled", ""]
PutState = Literal["created", "modified", "unchanged", ""]
_INDEX_STATES: Mapping[str, IndexState] = {
    "queued": "queued",
    "indexed": "indexed",
    "cancelled": "cancelled",
    "canceled": "cancelled",
}
_PUT_STATES: Mapping[str, PutState] = {
    "created": "created",
    "modified": "modified",
    "notmodified": "unchanged",
}
_LISTS = ("items", "documents", "results", "sources", "data")
_TEXTS = ("answer", "text", "content", "response", "generatedAnswer", "message")
_CONTENT_CHARS = 200_000


@dataclass(frozen=True, slots=True)
class Collection:
    """One collection of the account. `documents` is None where it is not told."""

    id: str
    name: str
    documents: int | None = None


@dataclass(frozen=True, slots=True)
class IndexProgress:
    """How far the documents of a collection are indexed; None: not told."""

    name: str
    queued: int | None = None
    indexed: int | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """A document as a list shows it. `""` as its state: not told."""

    id: str
    name: str
    state: IndexState = ""
    reference: str = ""
    tags: Sequence[str] = ()
    preview: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Document:
    """One document whole."""

    id: str
    name: str
    contents: str = field(repr=False)
    state: IndexState = ""
    reference: str = ""
    tags: Sequence[str] = ()
    metadata: Json = field(default_factory=dict, repr=False)
    created_at: str | float = ""
    """As it is told; `""` where it is not."""


@dataclass(frozen=True, slots=True)
class Hit:
    """A document that a search found. `score` is from 0 to 1, or of another scale where a reranker gave it."""

    document_id: str
    name: str
    content: str = field(repr=False)
    score: float | None = None
    metadata: Json = field(default_factory=dict, repr=False)
    collection_id: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """What a search found, the best first, and what it cost."""

    hits: Sequence[Hit]
    spent_usd: float = 0.0


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer that AIVAX wrote out of documents, and those documents."""

    text: str = field(repr=False)
    hits: Sequence[Hit]
    spent_usd: float = 0.0


def listed(data: object) -> list[Json]:
    """The objects of a list, however it is wrapped.

    Raises:
        Unavailable: there is no list; no entry at all is an empty one, and never this.
    """
    found = data if isinstance(data, list) else _field(mapping(data), *_LISTS)
    if not isinstance(found, list):
        raise Unavailable(code="no_list", detail="the answer holds no list")
    return [mapping(each) for each in found if isinstance(each, dict)]


def next_page(data: object) -> int | None:
    """The page that follows, where a list comes in pages and there is more."""
    info = mapping(mapping(data).get("pageInfo"))
    return count(info.get("currentPage")) + 1 if info.get("hasMoreItems") is True else None


def collection_of(entry: Json) -> Collection:
    """Read an entry of the list of collections."""
    counted = mapping(entry.get("documentCount"))
    return Collection(
        word(_field(entry, "id", "collectionId")),
        word(_field(entry, "name", "collectionName")),
        _number(counted.get("totalDocuments")),
    )


def progress_of(data: object) -> IndexProgress:
    """Read a collection's state."""
    told = mapping(data)
    state = mapping(told.get("state"))
    return IndexProgress(
        word(told.get("name")), _number(state.get("queuedDocuments")), _number(state.get("indexedDocuments"))
    )


def entry_of(told: Json) -> Entry:
    """Read an entry of the list of documents."""
    return Entry(
        word(_field(told, "id", "documentId")),
        word(told.get("name")),
        _index_state(_field(told, "indexState", "state")),
        word(told.get("reference")),
        _tags(told),
        _long(told.get("contentsPreview")),
    )


def document_of(data: object) -> Document:
    """Read one document."""
    told = mapping(data)
    return Document(
        word(_field(told, "id", "documentId")),
        word(told.get("name")),
        _long(_field(told, "contents", "content")),
        _index_state(_field(told, "state", "indexState")),
        word(told.get("reference")),
        _tags(told),
        mapping(told.get("metadata")),
        word(_field(told, "createdAt", "created_at")) or amount(told.get("createdAt")) or "",
    )


def put_state_of(data: object) -> PutState:
    """Read what became of a document that was put."""
    return _PUT_STATES.get(_state_word(mapping(data).get("state")), "")


def hits_of(data: object) -> tuple[Hit, ...]:
    """Read what a search found; raises `Unavailable` where that is no list."""
    return tuple(map(_hit, listed(data)))


def answer_text(data: object) -> str:
    """Read the text of an answer; `""` where there is none."""
    return _long(data) or _long(_field(mapping(data), *_TEXTS))


def id_in(data: object, *names: str) -> str:
    """Read the id of what was made.

    Raises:
        Unavailable: it is not told.
    """
    found = word(_field(mapping(data), *names, "id"))
    if not found:
        raise Unavailable(code="no_id", detail=f"the answer holds no {names[0]}")
    return found


def _hit(told: Json) -> Hit:
    return Hit(
        word(_field(told, "documentId", "id")),
        word(_field(told, "documentName", "name")),
        _long(_field(told, "documentContent", "content", "contents", "text")),
        amount(_field(told, "score", "relevanceScore")),
        mapping(_field(told, "metadata", "documentMetadata")),
        word(_field(told, "collectionId", "collection_id", "collection")),
    )


def _field(told: Json, *names: str) -> object:
    return next((told[name] for name in names if told.get(name) is not None), None)


def _number(value: object) -> int | None:
    return count(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _tags(told: Json) -> tuple[str, ...]:
    tags = told.get("tags")
    return tuple(filter(None, map(word, tags[:100]))) if isinstance(tags, list) else ()


def _long(value: object) -> str:
    return sound(value[:_CONTENT_CHARS]) if isinstance(value, str) else ""


def _index_state(value: object) -> IndexState:
    return _INDEX_STATES.get(_state_word(value), "")


def _state_word(value: object) -> str:
    """The word of a state, which stands alone or in a list of one."""
    first = value[0] if isinstance(value, list) and value else value
    return word(first).lower().replace("_", "").replace(" ", "")
