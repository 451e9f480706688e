"""The account's collections: their documents, and searches over them.

AIVAX documentation of October 2026, "Collections" and "Semantic search". What comes back is read in any of the forms
that are known of it (`core.aivax.knowledge.forms`).
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import msgspec

from core.aivax.admin import AdminRoutes
from core.aivax.http_call import Part
from core.aivax.knowledge import forms
from core.aivax.knowledge.forms import Answer, Collection, Document, Entry, Found, IndexProgress, PutState
from core.aivax.knowledge.search_body import Search, search_body
from core.aivax.stream.chunks import Json, count, mapping
from core.domain import ResourceUnknown
from core.util.text import sound

MOST_NAME_CHARS = 256
MOST_REFERENCE_CHARS = 64
_LINES_A_REQUEST = 900
"""The Free plan refuses 1,000."""
_MOST_PAGES = 1_000
_UPLOAD_TIMEOUT_S = 120.0
_ANSWER_TIMEOUT_S = 120.0


@dataclass(frozen=True, slots=True)
class NewDocument:
    """A document to be put; AIVAX embeds about the first 5,000 characters of `contents`."""

    name: str
    """At most 256 characters; one of the same name is replaced."""
    contents: str = field(repr=False)
    reference: str = ""
    tags: Sequence[str] = ()
    metadata: Mapping[str, Any] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Put:
    """What became of a document that was put. `state` is `""` where it is not told."""

    document_id: str
    state: PutState
    spent_usd: float = 0.0


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of an import."""

    enqueued: int
    skipped: int
    spent_usd: float = 0.0


class KnowledgeClient:
    """Collections, documents and searches of one account.

    Every method raises:
        AivaxError: as `AdminRoutes`; `ResourceUnknown` where there is no such collection or document.
    """

    def __init__(self, admin: AdminRoutes) -> None:
        self._admin = admin

    async def collections(self) -> tuple[Collection, ...]:
        """List all collections of the account."""
        entries = [forms.collection_of(each) async for each in self._pages("collections")]
        return tuple(each for each in entries if each.id)

    async def collection_named(self, name: str) -> Collection | None:
        """Find a collection by exactly its name."""
        return next((each for each in await self.collections() if each.name == name), None)

    async def create(self, name: str) -> str:
        """Add an empty collection; its id. A name has 3 characters or more, and need not be the only one."""
        told = await self._admin.post("collections", json={"collectionName": sound(name)})
        return forms.id_in(told.data, "collectionId")

    async def progress(self, collection: str) -> IndexProgress:
        """Say how many documents of a collection are queued and indexed."""
        return forms.progress_of((await self._admin.get("collections", collection)).data)

    async def documents(
        self, collection: str, *, filter_text: str = "", state: Literal["", "queued", "indexed"] = ""
    ) -> tuple[Entry, ...]:
        """List documents. `filter_text` is of the browse route: it matches parts, and is no document filter."""
        query = {"filter": sound(filter_text), "state": state}
        query = {key: value for key, value in query.items() if value}
        pages = self._pages("collections", collection, "documents", query=query)
        entries = [forms.entry_of(each) async for each in pages]
        return tuple(each for each in entries if each.id)

    async def document_named(self, collection: str, name: str) -> Entry | None:
        """Find a document by exactly its name."""
        narrowed = "" if set(name) & {'"', "\\"} else f'-n "{name}"'
        found = await self.documents(collection, filter_text=narrowed)
        return next((each for each in found if each.name == name), None)

    async def document(self, collection: str, document: str) -> Document:
        """Read one document whole."""
        return forms.document_of((await self._admin.get(*_of(collection, document))).data)

    async def put(self, collection: str, document: NewDocument) -> Put:
        """Put a document in the place of the one of its name. It is found once it is indexed."""
        told = await self._admin.put("collections", collection, "documents", json=_wire(document))
        state = forms.put_state_of(told.data)
        return Put(forms.id_in(told.data, "documentId"), state, told.spent_usd)

    async def load(self, collection: str, documents: Iterable[NewDocument]) -> Imported:
        """Put many documents, as JSONL, a few hundred a request; unchanged ones cost nothing."""
        lines = [msgspec.json.encode(_line(each)) for each in documents]
        enqueued, skipped, spent_usd = 0, 0, 0.0
        for at in range(0, len(lines), _LINES_A_REQUEST):
            data = b"".join(line + b"\n" for line in lines[at : at + _LINES_A_REQUEST])
            part = Part("documents", data, "documents.jsonl", "application/jsonl")
            told = await self._admin.upload(
                *("collections", collection, "documents"),
                parts=(part,),
                repeatable=True,  # by name, so that doing it twice is doing it once
                timeout_s=_UPLOAD_TIMEOUT_S,
            )
            enqueued += count(mapping(told.data).get("enqueued"))
            skipped += count(mapping(told.data).get("skipped"))
            spent_usd += told.spent_usd
        return Imported(enqueued, skipped, spent_usd)

    async def delete(self, collection: str, document: str) -> bool:
        """Delete a document; whether there was one."""
        try:
            await self._admin.delete(*_of(collection, document))
        except ResourceUnknown:
            return False
        return True

    async def query(self, search: Search) -> Found:
        """Search. A public key may do it, too."""
        told = await self._admin.post("query", json=search_body(search), repeatable=True)
        return Found(forms.hits_of(told.data), told.spent_usd)

    async def answer(self, search: Search) -> Answer:
        """Search, and have AIVAX write an answer out of what is found."""
        told = await self._admin.post("answer", json=search_body(search), timeout_s=_ANSWER_TIMEOUT_S)
        hits = forms.hits_of(told.data) if isinstance(told.data, dict) else ()
        return Answer(forms.answer_text(told.data), hits, told.spent_usd)

    async def _pages(self, *path: str, query: Mapping[str, str] | None = None) -> AsyncIterator[Json]:
        """The entries of a list, page by page; a page that brings nothing new is the last one.

        How a page is asked for is in no source: where it is not heard, the first page comes again.
        """
        asked = dict(query or {})
        seen: set[str] = set()
        for _ in range(_MOST_PAGES):
            data = (await self._admin.get(*path, query=asked)).data
            fresh = [each for each in forms.listed(data) if repr(each.get("id")) not in seen]
            for each in fresh:
                seen.add(repr(each.get("id")))
                yield each
            following = forms.next_page(data)
            if not fresh or following is None:
                return
            asked["page"] = str(following)


def _of(collection: str, document: str) -> tuple[str, ...]:
    return "collections", collection, "documents", document


def _wire(document: NewDocument) -> dict[str, Any]:
    fields: dict[str, Any] = {"name": sound(document.name), "contents": sound(document.contents)}
    return fields | _given(
        {"reference": document.reference, "tags": document.tags, "metadata": document.metadata}
    )


def _line(document: NewDocument) -> dict[str, Any]:
    fields: dict[str, Any] = {"docid": sound(document.name), "text": sound(document.contents)}
    return fields | _given(
        {"__ref": document.reference, "__tags": document.tags, "__meta": document.metadata}
    )


def _given(fields: Mapping[str, Any]) -> dict[str, Any]:
    """What is not empty, with sound texts."""
    return {name: _sound(value) for name, value in fields.items() if value}


def _sound(value: Any) -> Any:
    if isinstance(value, str):
        return sound(value)
    if isinstance(value, Mapping):
        return {sound(str(key)): _sound(each) for key, each in value.items()}
    return [_sound(each) for each in value] if isinstance(value, list | tuple) else value
