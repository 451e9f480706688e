"""Saves and finds what the tool `Remember` keeps: documents of the account's collection `@memories`."""

from dataclasses import replace
from typing import Final

from sandbox.knowledge.library import Collection, Document, Library

COLLECTION: Final = "@memories"


def save(
    library: Library,
    user: str,
    text: str,
    *,
    at: float,
    expires_at: float | None = None,
    queued: bool = False,
) -> str:
    """Saves a memory, and gives its id. One that is `queued` is found by no search for now."""
    collection = _collection(library) or library.create(COLLECTION, at)
    owner = {"external_user_id": user, "conversation_token": None, "gateway_id": None}
    given = Document("", f"memory-{len(collection.documents)}-{user}", text)
    made, _ = library.put(collection, replace(given, metadata={**owner, "expires_at": expires_at}), at)
    collection.documents[made.id] = replace(made, polls_left=1_000 if queued else 0)
    return made.id


def texts_of(library: Library, user: str) -> list[str]:
    """Gives what is remembered of a user, and of nobody else."""
    collection = _collection(library)
    documents = collection.documents.values() if collection else ()
    return [each.contents for each in documents if each.metadata.get("external_user_id") == user]


def _collection(library: Library) -> Collection | None:
    return next((each for each in library.collections.values() if each.name == COLLECTION), None)
