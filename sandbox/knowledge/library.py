"""Keeps the collections of the account: documents that are queued until they were looked at often enough."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import count
from typing import Any, Literal

from sandbox.knowledge.filter_values import Facts
from sandbox.knowledge.filters import Test
from sandbox.knowledge.words import nearness

IndexState = Literal["Queued", "Indexed", "Cancelled"]
PutState = Literal["Created", "Modified", "NotModified"]


@dataclass(frozen=True, slots=True)
class Document:
    """One document as it was last put; `created` and `updated` are in seconds since the epoch."""

    id: str
    name: str
    contents: str
    reference: str | None = None
    tags: Sequence[str] = ()
    metadata: Mapping[str, Any] = field(default_factory=dict)
    created: float = 0.0
    updated: float = 0.0
    polls_left: int = 0
    """How often its state is still to be asked for before it is indexed."""

    @property
    def state(self) -> IndexState:
        return "Queued" if self.polls_left > 0 else "Indexed"

    @property
    def facts(self) -> Facts:
        """What a filter sees of it."""
        created, updated = (datetime.fromtimestamp(at, UTC) for at in (self.created, self.updated))
        return Facts(self.name, self.contents, self.tags, created, updated, self.metadata)


@dataclass(frozen=True, slots=True)
class Found:
    """A document that a search found, and how near it is."""

    collection: str
    document: Document
    score: float


@dataclass(slots=True)
class Collection:
    """A named set of documents, by their ids."""

    id: str
    name: str
    created: float
    tags: Sequence[str] = ()
    context: str | None = None
    documents: dict[str, Document] = field(default_factory=dict)

    def named(self, name: str) -> Document | None:
        """The document of exactly that name."""
        return next((each for each in self.documents.values() if each.name == name), None)

    def poll(self) -> None:
        """Counts one look at the state: what is queued comes nearer to being indexed."""
        for each in self.documents.values():
            if each.polls_left > 0:
                self.documents[each.id] = replace(each, polls_left=each.polls_left - 1)


class Library:
    """All collections. `index_after_polls` holds for documents that are put from then on."""

    def __init__(self) -> None:
        self.collections: dict[str, Collection] = {}
        self.index_after_polls = 1
        self._numbers = count(1)

    def create(self, name: str, now: float) -> Collection:
        """Adds an empty collection."""
        made = Collection(self._id("c0"), name, now)
        self.collections[made.id] = made
        return made

    def put(self, collection: Collection, given: Document, now: float) -> tuple[Document, PutState]:
        """Puts a document in the place of the one of its name; only a changed text is indexed anew."""
        earlier = collection.named(given.name)
        if earlier is None:
            made = replace(
                given, id=self._id("d0"), created=now, updated=now, polls_left=self.index_after_polls
            )
            collection.documents[made.id] = made
            return made, "Created"
        kept = replace(
            given,
            id=earlier.id,
            created=earlier.created,
            updated=earlier.updated,
            polls_left=earlier.polls_left,
        )
        if kept == earlier:
            return earlier, "NotModified"
        polls = earlier.polls_left if kept.contents == earlier.contents else self.index_after_polls
        made = replace(kept, updated=now, polls_left=polls)
        collection.documents[made.id] = made
        return made, "Modified"

    def candidates(self, collections: Sequence[Collection], test: Test) -> list[tuple[str, Document]]:
        """What a search looks at: the indexed documents that pass the filter."""
        return [
            (each.id, document)
            for each in collections
            for document in each.documents.values()
            if document.state == "Indexed" and test(document.facts)
        ]

    def _id(self, head: str) -> str:
        return f"5a9db0{head}-50c3-4b1d-9c3e-{next(self._numbers):012x}"


def ranked(
    candidates: Sequence[tuple[str, Document]], terms: Sequence[str], least: float, top: int
) -> list[Found]:
    """The nearest candidates by their best term; equal ones by name."""
    found = _scored(candidates, terms)
    near = [each for each in found if each.score >= least]
    return sorted(near, key=lambda each: (-each.score, each.document.name))[:top]


def _scored(candidates: Sequence[tuple[str, Document]], terms: Sequence[str]) -> Iterator[Found]:
    for collection, document in candidates:
        text = f"{document.name} {document.contents}"
        yield Found(collection, document, max(nearness(term, text) for term in terms))
