"""What `doctor` asks of the collections: that each exists, and that none has documents that nobody finds yet."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from core.aivax.client import AivaxClient
from core.aivax.knowledge.client import KnowledgeClient
from core.aivax.personal.memories import COLLECTION
from core.domain import AivaxError, NotAllowed, ResourceUnknown, SettingRefused
from core.domain.checks import Finding, failed, ok, unknown, warning
from core.knowledge.places import KnowledgePlaces
from core.knowledge.settings import KnowledgeSettings
from core.settings import AivaxSettings

CHECK = "knowledge.collection"


@dataclass(frozen=True, slots=True)
class KnowledgeCheck:
    """Looks at each collection that `[[knowledge.places]]` names."""

    aivax: AivaxSettings
    knowledge: KnowledgeSettings
    name: str = "knowledge"

    async def run(self) -> list[Finding]:
        try:
            async with AivaxClient(self.aivax.model_copy(update={"tries": 1})) as aivax:
                named = KnowledgePlaces(self.knowledge.places).collections
                found = [await _looked_at(aivax.knowledge, each) for each in named]
                return [*found, *await _of_people(aivax.knowledge, named)]
        except SettingRefused as refused:
            return [failed(self.name, str(refused), refused.fix)]


async def _of_people(client: KnowledgeClient, named: Collection[str]) -> list[Finding]:
    """Whether a place searches what AIVAX remembers of people: everybody there would read it of everybody."""
    try:
        memories = await client.collection_named(COLLECTION)
    except AivaxError:
        return []  # told already
    if memories is None or memories.id not in named:
        return []
    cure = f"take {memories.id} out of [[knowledge.places]] collections"
    return [failed("knowledge.memories", "what AIVAX remembers of people can be searched by everybody", cure)]


async def _looked_at(client: KnowledgeClient, collection: str) -> Finding:
    try:
        progress = await client.progress(collection)
    except ResourceUnknown:
        cure = "write the collection's id into [[knowledge.places]] collections, or delete it there"
        return failed(CHECK, f"the account has no collection {collection}", cure)
    except NotAllowed:
        return unknown(CHECK, "a public key may search collections, and not look at them")
    except AivaxError as error:
        return unknown(CHECK, f"AIVAX could not be asked about {collection}: {error}")
    if progress.queued is None:
        return unknown(CHECK, f"AIVAX does not tell how many documents of {collection} are indexed")
    if progress.queued:
        cure = "wait a little; where it stays so, look at balance, daily insertions and the documents' sizes"
        return warning(
            CHECK, f"{progress.queued} documents of {collection} are queued: nobody finds them", cure
        )
    if not progress.indexed:
        return warning(CHECK, f"the collection {collection} is empty", "put documents into it")
    return ok(CHECK, f"{progress.indexed} documents of {collection} can be found")
