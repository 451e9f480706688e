"""What `doctor` can ask of the collections: that each exists, and that none has documents that nobody finds yet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from core.aivax.knowledge import KnowledgeClient
from core.domain import AivaxError, NotAllowed, ResourceUnknown

State = Literal["ok", "warning", "failed", "unknown"]


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check found; `cure` is what an operator can do, `""` where nothing is to be done."""

    state: State
    detail: str = ""
    cure: str = ""


class CollectionCheck:
    """Looks at one collection that `[[knowledge.places]]` names."""

    def __init__(self, client: KnowledgeClient, collection: str) -> None:
        self._client = client
        self._collection = collection

    @property
    def id(self) -> str:
        return f"knowledge.collection.{self._collection}"

    @property
    def what(self) -> str:
        return f"the collection {self._collection} exists, and all its documents are indexed"

    async def run(self) -> Finding:
        """Ask AIVAX; raises nothing."""
        try:
            progress = await self._client.progress(self._collection)
        except ResourceUnknown:
            cure = "write the collection's id into [[knowledge.places]] collections, or delete it there"
            return Finding("failed", "the account has no such collection", cure)
        except NotAllowed:
            return Finding("unknown", "a public key may not look at collections")
        except AivaxError as error:
            return Finding("unknown", f"AIVAX could not be asked: {error}")
        if progress.queued:
            cure = "wait a little; where it stays so, look at balance, daily insertions and the size of the documents"
            return Finding("warning", f"{progress.queued} documents are queued, and not found yet", cure)
        if progress.queued == 0 and progress.indexed == 0:
            return Finding("warning", "the collection is empty", "put documents into it")
        if progress.queued is None:
            return Finding("unknown", "AIVAX does not tell how far the documents are indexed")
        return Finding("ok", f"{progress.indexed} documents")
