"""Answers what is asked of collections, documents, and the searches over them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from starlette.requests import Request

from sandbox.account import Account
from sandbox.knowledge.bodies import browsed, document_of, fields_of, lines_of
from sandbox.knowledge.forms import form_fields
from sandbox.knowledge.library import Collection, Document, Library
from sandbox.knowledge.quotas import COLLECTIONS, IMPORT_LINES, Quotas
from sandbox.knowledge.searches import ANSWER_USD, EMBEDDING_USD, described, read_search, run_search, written
from sandbox.knowledge.words import tokens_of
from sandbox.refusals import Refusal
from sandbox.shapes import Shapes
from sandbox.wire import read_json

PAGE = 50
_NAME_CHARS = 3
_BROWSED = frozenset({"filter", "state", "order_by", "page"})


@dataclass(frozen=True, slots=True)
class Answered:
    """What a route answers, and its price in USD; None: a route that tells no price."""

    data: object
    usd: float | None = None


Make = Callable[[Request, bytes], Answered]


@dataclass(slots=True)
class Knowledge:
    """The collections of the account, and what was asked of them."""

    library: Library = field(default_factory=Library)
    quotas: Quotas | None = None
    known_terms: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Desk:
    """Answers the routes of one account."""

    knowledge: Knowledge
    account: Account
    shapes: Callable[[], Shapes]
    now: Callable[[], float]

    @property
    def library(self) -> Library:
        return self.knowledge.library

    @property
    def quotas(self) -> Quotas:
        """The windows of the account's plan, opened when they are first needed."""
        if self.knowledge.quotas is None:
            self.knowledge.quotas = Quotas(self.account.plan.name)
        return self.knowledge.quotas

    def collections(self, _request: Request, _raw: bytes) -> Answered:
        """Lists the collections."""
        listed = [
            {
                "id": each.id,
                "name": each.name,
                "createdAt": _iso(each.created),
                "documentCount": {"totalDocuments": len(each.documents)},
            }
            for each in self.library.collections.values()
        ]
        return Answered(self._listed(listed, 1))

    def create(self, _request: Request, raw: bytes) -> Answered:
        """Adds a collection."""
        known = {"collectionName": str, "context": str, "tags": list}
        body = fields_of(raw, known, ("collectionName",))
        if len(body["collectionName"].strip()) < _NAME_CHARS:
            raise Refusal(400, f"A collection's name has {_NAME_CHARS} characters or more.")
        most = COLLECTIONS[self.account.plan.name]
        if most is not None and len(self.library.collections) >= most:
            raise Refusal(400, f"The plan allows {most} collections.")
        made = self.library.create(body["collectionName"], self.now())
        made.context, made.tags = body.get("context"), tuple(body.get("tags") or ())
        return Answered({"collectionId": made.id})

    def show(self, request: Request, _raw: bytes) -> Answered:
        """Shows a collection; what is queued in it comes nearer to being indexed."""
        found = self._collection(request)
        found.poll()
        queued = sum(each.state == "Queued" for each in found.documents.values())
        state = {"queuedDocuments": queued, "indexedDocuments": len(found.documents) - queued}
        told = {"name": found.name, "createdAt": _iso(found.created), "state": state}
        return Answered({**told, "tags": list(found.tags), "context": found.context})

    def change(self, request: Request, raw: bytes) -> Answered:
        """Changes name, context and tags of a collection."""
        found = self._collection(request)
        body = fields_of(raw, {"collectionName": str, "name": str, "context": str, "tags": list}, ())
        found.name = body.get("collectionName") or body.get("name") or found.name
        found.context, found.tags = body.get("context", found.context), tuple(body.get("tags") or found.tags)
        return Answered({"collectionId": found.id})

    def remove(self, request: Request, _raw: bytes) -> Answered:
        """Removes a collection with all that is in it."""
        del self.library.collections[self._collection(request).id]
        return Answered(None)

    def reset(self, request: Request, _raw: bytes) -> Answered:
        """Removes all documents of a collection."""
        self._collection(request).documents.clear()
        return Answered(None)

    def browse(self, request: Request, _raw: bytes) -> Answered:
        """Lists documents, in pieces where the shape has pages."""
        found, query = self._collection(request), request.query_params
        if unknown := sorted(query.keys() - _BROWSED):
            raise Refusal(400, f"'{unknown[0]}' is not a known parameter.")
        found.poll()
        test = browsed(query.get("filter", ""))
        wanted = query.get("state", "").capitalize()
        listed = [
            _brief(each)
            for each in _ordered(found, query.get("order_by", "created_at_desc"))
            if test(each) and wanted in ("", each.state)
        ]
        page = query.get("page", "1")
        if not page.isdigit() or page == "0":
            raise Refusal(400, "'page' must be a number of 1 or more.")
        return Answered(self._listed(listed, int(page)))

    def put(self, request: Request, raw: bytes) -> Answered:
        """Puts one document."""
        found, given = self._collection(request), document_of(raw)
        usd = self._insert(found, [given])
        made, state = self.library.put(found, given, self.now())
        told = state if self.shapes().put_state == "text" else [state]
        return Answered({"documentId": made.id, "state": told}, usd)

    def load(self, request: Request, raw: bytes) -> Answered:
        """Imports a JSONL file; `insert-mode=sync` removes what is not in it."""
        found, mode = self._collection(request), request.query_params.get("insert-mode", "")
        if mode not in ("", "sync", "upsert"):
            raise Refusal(400, "'insert-mode' must be sync or upsert.")
        fields = form_fields(request.headers.get("content-type", ""), raw)
        if [each.name for each in fields] != ["documents"] or fields[0].filename is None:
            raise Refusal(400, "The form needs one file, in the field 'documents'.")
        given = list(lines_of(fields[0].data))
        most = IMPORT_LINES[self.account.plan.name]
        if len(given) >= most:
            raise Refusal(400, f"The file has {most} lines or more.")
        usd = self._insert(found, given)
        put = [self.library.put(found, each, self.now()) for each in given]
        if mode == "sync":
            kept = {document.id for document, _ in put}
            found.documents = {each.id: each for each in found.documents.values() if each.id in kept}
        skipped = sum(state == "NotModified" for _, state in put)
        return Answered({"enqueued": len(put) - skipped, "skipped": skipped}, usd)

    def read(self, request: Request, _raw: bytes) -> Answered:
        """Shows one document whole."""
        document = self._document(request)
        told = {"id": document.id, "name": document.name, "state": [document.state]}
        more: dict[str, Any] = {"reference": document.reference, "tags": list(document.tags)}
        if self.shapes().document_dates == "told":
            more["createdAt"] = _iso(document.created)
        return Answered({**told, "contents": document.contents, **more, "metadata": dict(document.metadata)})

    def delete(self, request: Request, _raw: bytes) -> Answered:
        """Deletes one document."""
        del self._collection(request).documents[self._document(request).id]
        return Answered(None)

    def query(self, _request: Request, raw: bytes) -> Answered:
        """Searches."""
        found, usd = self._search(raw)
        return Answered(found, usd)

    def answer(self, _request: Request, raw: bytes) -> Answered:
        """Searches, and writes an answer out of what is found; under which names, the shape says."""
        found, usd = self._search(raw)
        texts = [each["documentContent"] for each in found]
        text, sources = ("answer", "documents") if self.shapes().answer == "answer" else ("text", "sources")
        return Answered({text: written(texts), sources: found}, usd + tokens_of(texts) * ANSWER_USD)

    def _search(self, raw: bytes) -> tuple[list[dict[str, Any]], float]:
        try:
            body = read_json(raw)
        except ValueError as exc:
            raise Refusal(400, f"The body is not JSON: {exc}.") from exc
        search = read_search(body, self.library, self.shapes(), self.now())
        self.account.check_funds(())
        self.quotas.search(self.now(), reranked=search.reranker != "none")
        outcome = run_search(search, self.library, self.knowledge.known_terms)
        return [described(each, search, self.shapes()) for each in outcome.found], outcome.usd

    def _insert(self, collection: Collection, given: list[Document]) -> float:
        self.account.check_funds(())
        changed = [each for each in given if not _is_known(collection, each)]
        self._admit(len(changed))
        return tokens_of([each.contents for each in changed]) * EMBEDDING_USD if changed else 0.0

    def _admit(self, documents: int) -> None:
        try:
            self.quotas.insert(self.now(), documents)
        except Refusal as exc:
            if self.shapes().insertion_limit == "429":
                raise
            raise Refusal(400, exc.message) from exc

    def _collection(self, request: Request) -> Collection:
        found = self.library.collections.get(request.path_params["c"])
        if found is None:
            raise Refusal(404, "The collection was not found.")
        return found

    def _document(self, request: Request) -> Document:
        found = self._collection(request).documents.get(request.path_params["d"])
        if found is None:
            raise Refusal(404, "The document was not found.")
        return found

    def _listed(self, listed: list[dict[str, Any]], page: int) -> object:
        if self.shapes().lists == "array":
            return listed
        pieces = listed[(page - 1) * PAGE : page * PAGE]
        return {"pageInfo": {"currentPage": page, "hasMoreItems": page * PAGE < len(listed)}, "items": pieces}


def _is_known(collection: Collection, given: Document) -> bool:
    earlier = collection.named(given.name)
    return earlier is not None and earlier.contents == given.contents


def _ordered(collection: Collection, order: str) -> list[Document]:
    keys: Mapping[str, Callable[[Document], float]] = {
        "created_at": lambda each: each.created,
        "updated_at": lambda each: each.updated,
        "indexed_at": lambda each: each.updated,
    }
    name, _, direction = order.rpartition("_")
    if name not in keys or direction not in ("asce", "desc"):
        raise Refusal(400, "'order_by' is created_at, updated_at or indexed_at with _asce or _desc.")
    return sorted(collection.documents.values(), key=keys[name], reverse=direction == "desc")


def _brief(document: Document) -> dict[str, Any]:
    told = {"id": document.id, "name": document.name, "reference": document.reference}
    more = {"tags": list(document.tags), "contentsPreview": document.contents[:80]}
    return {**told, **more, "indexState": [document.state]}


def _iso(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat()
