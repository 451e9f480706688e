"""A sandbox with collections in it, and a client of ours that asks it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from core.aivax.client import AivaxClient
from core.settings import AivaxSettings
from sandbox.knowledge.library import Document
from sandbox.server import GATEWAY, GATEWAY_UUID, PRIVATE_KEY, PUBLIC_KEY
from sandbox.state import State
from tests.sandbox_fixtures import Desk, opened


def put(
    state: State, collection: str, name: str, text: str, metadata: Mapping[str, Any] | None = None
) -> str:
    """Put an indexed document into a collection, which is made where there is none; the collection's id."""
    library, now = state.knowledge.library, state.clock()
    found = next((each for each in library.collections.values() if each.name == collection), None)
    found = found or library.create(collection, now)
    polls, library.index_after_polls = library.index_after_polls, 0
    library.put(found, Document("", name, text, metadata=metadata or {}), now)
    library.index_after_polls = polls
    return found.id


def settings_of(desk: Desk, *, public: bool = False, **changes: Any) -> AivaxSettings:
    kind = (
        {"api_key": PUBLIC_KEY, "model": GATEWAY_UUID}
        if public
        else {"api_key": PRIVATE_KEY, "model": GATEWAY}
    )
    return AivaxSettings(**{"base_url": f"{desk.sandbox.base_url}/v1", "direct_url": "", **kind, **changes})


@asynccontextmanager
async def at_sandbox(
    *, public: bool = False, settings: Mapping[str, Any] | None = None, **options: Any
) -> AsyncIterator[tuple[AivaxClient, Desk]]:
    """A client at a fresh sandbox; `settings` are the client's, `options` the sandbox's."""
    async with opened(**options) as desk:
        chosen = settings_of(desk, public=public, **(settings or {}))
        async with AivaxClient(chosen) as aivax:
            yield aivax, desk
