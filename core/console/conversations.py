"""What the console reads of conversations."""

from __future__ import annotations

from typing import Protocol

from core.storage.console.conversation import ConversationHead, Reading
from core.storage.console.conversations import Listing, Wanted
from core.storage.console.paging import Spot


class Conversations(Protocol):
    """Conversations by person, place, time and outcome."""

    async def list(self, wanted: Wanted, before: Spot | None, *, with_words: bool) -> Listing:
        """Those with a question that fits, by the newest one; `with_words`: with how it begins."""


class ConversationPages(Protocol):
    """One conversation."""

    async def head(self, conversation_id: int) -> ConversationHead | None: ...

    async def read(
        self, conversation_id: int, *, before: int | None, after: int | None, with_words: bool
    ) -> Reading:
        """The turns before one, or after one; else the newest."""
