"""What models remember of a person: documents of the account's collection `@memories`, told apart by their metadata.

AIVAX documentation of October 2026, "Built-in tools", Memory. A filter ignores capitals and accents, and one whose name
is misspelt is ignored in silence: what it finds is believed to be somebody's only where its own metadata says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from core.aivax.knowledge.client import KnowledgeClient
from core.aivax.knowledge.forms import Document, Hit
from core.aivax.knowledge.search_body import Search
from core.aivax.personal.owners import Count, moment_in, owner_in, safe_id
from core.domain import ResourceUnknown

COLLECTION = "@memories"
_TERM = "What is known about this person?"
_TOP = 128
"""The most that one search gives."""
_MOST_SEARCHES = 200
_MOST_LOOKED_AT = 2_000
"""Documents, mostly others', that are read one by one to be sure that no search missed any."""
_TEXT_CHARS = 10_240


@dataclass(frozen=True, slots=True)
class Memory:
    """One thing that is remembered of somebody."""

    id: str
    owner: str
    """The external user id in its metadata; `""` where it tells none."""
    text: str = field(repr=False)
    saved_at: datetime | None = None
    expires_at: datetime | None = None
    """None: it never does."""


class Memories:
    """The memories of one account. Every method raises `AivaxError` where AIVAX can't be asked."""

    def __init__(self, knowledge: KnowledgeClient) -> None:
        self._knowledge = knowledge

    async def of(self, users: Sequence[str]) -> tuple[Sequence[Memory], float]:
        """What is remembered of somebody under any of their ids, the oldest first; and what asking cost, in USD.

        Found by search, which may miss what was saved a moment ago.
        """
        collection, found, spent_usd = await self._collection(), dict[str, Memory](), 0.0
        for user in users if collection else ():
            ids, cost = await self._search(collection, user)
            spent_usd += cost
            found |= {each.id: each for each in await self._theirs(collection, ids, (user,))}
        undated = datetime.max.replace(tzinfo=UTC)
        return sorted(found.values(), key=lambda each: (each.saved_at or undated, each.id)), spent_usd

    async def find(self, document_id: str) -> Memory | None:
        """One by its id; None where it is gone."""
        collection = await self._collection()
        return await self._read(collection, document_id) if collection else None

    async def delete(self, memory: Memory) -> bool:
        """Delete one; False where it was gone already."""
        collection = await self._collection()
        return bool(collection) and await self._knowledge.delete(collection, memory.id)

    async def reach(self, user: str) -> None:
        """See `Source`. Which collections there are is enough: a search would cost."""
        safe_id(user)
        await self._collection()

    async def delete_of(self, user: str, count: Count) -> bool:
        """See `Source`. First what search finds, then what it misses: what is still queued, or too unlike its term."""
        if not (collection := await self._collection()):
            return True
        tried: set[str] = set()
        for _ in range(_MOST_SEARCHES):
            ids = [each for each in (await self._search(collection, user))[0] if each not in tried]
            if not ids:
                break
            tried.update(ids)
            await self._delete(collection, await self._theirs(collection, ids, (user,)), count)
        listed = [each.id for each in await self._knowledge.documents(collection) if each.id not in tried]
        for document_id in listed[:_MOST_LOOKED_AT]:
            await self._delete(collection, await self._theirs(collection, [document_id], (user,)), count)
        return len(listed) <= _MOST_LOOKED_AT

    async def _collection(self) -> str:
        """The collection's id; `""`: nothing was ever remembered."""
        found = await self._knowledge.collection_named(COLLECTION)
        return found.id if found else ""

    async def _search(self, collection: str, user: str) -> tuple[Sequence[str], float]:
        """The ids of what may be theirs, and what it cost; what a search already tells to be others' is left out."""
        only = f'metadata.external_user_id = "{safe_id(user)}"'
        asked = Search((collection,), _TERM, top=_TOP, min_score=0.01, reranker="none", filter=only)
        found = await self._knowledge.query(asked)
        return [each.document_id for each in found.hits if _may_be(each, user)], found.spent_usd

    async def _theirs(self, collection: str, ids: Iterable[str], users: Sequence[str]) -> Sequence[Memory]:
        read = [await self._read(collection, each) for each in ids]
        return [each for each in read if each is not None and each.owner in users]

    async def _read(self, collection: str, document_id: str) -> Memory | None:
        try:
            return _memory(document_id, await self._knowledge.document(collection, document_id))
        except ResourceUnknown:
            return None

    async def _delete(self, collection: str, theirs: Sequence[Memory], count: Count) -> None:
        gone = 0
        try:
            for each in theirs:
                gone += await self._knowledge.delete(collection, each.id)
        finally:
            if gone:
                await count(gone)


def _may_be(hit: Hit, user: str) -> bool:
    return bool(hit.document_id) and owner_in({"metadata": hit.metadata}) in (None, user)


def _memory(document_id: str, document: Document) -> Memory:
    metadata = dict(document.metadata)
    return Memory(
        document_id,
        owner_in({"metadata": metadata}) or "",
        document.contents[:_TEXT_CHARS],
        saved_at=moment_in({"told": document.created_at, **metadata}, "told", "created_at", "createdAt"),
        expires_at=moment_in(metadata, "expires_at", "expiresAt"),
    )
