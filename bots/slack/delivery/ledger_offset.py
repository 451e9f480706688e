"""An answer that began as a stream goes on as posts: the ledger as the second surface sees it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from core.domain.ports import Delivery, Ledger


class LedgerOffset:
    """A `Ledger` for the rest of an answer: from a part, and from a place in the text on.

    The rest begins with `opening`, a line that is no part of the answer.
    """

    def __init__(self, ledger: Ledger, *, part: int, at: int, opening: str) -> None:
        self._ledger = ledger
        self._part = part
        self._at = at
        self._extra = len(opening)

    @property
    def earlier(self) -> Sequence[Delivery]:
        """Messages that an earlier attempt may have posted there; those with a known id belong to the first surface."""
        return [
            replace(each, part=each.part - self._part, shown=0, generation=self._ledger.generation)
            for each in self._ledger.earlier
            if each.part >= self._part and not each.message_id
        ]

    @property
    def resumed(self) -> bool:
        return self._ledger.resumed

    @property
    def generation(self) -> int:
        return self._ledger.generation

    async def intend(self, part: int) -> Delivery:
        delivery = await self._ledger.intend(part + self._part)
        return replace(delivery, part=part)

    async def posted(self, part: int, message_id: str) -> None:
        await self._ledger.posted(part + self._part, message_id)

    async def shows(self, part: int, shown: int, *, closed: bool = False) -> None:
        await self._ledger.shows(part + self._part, self._at + max(0, shown - self._extra), closed=closed)

    async def forget(self, part: int) -> None:
        await self._ledger.forget(part + self._part)

    async def check(self) -> None:
        await self._ledger.check()

    async def holds(self, message_id: str) -> bool:
        return await self._ledger.holds(message_id)

    async def spoiled(self, message_id: str) -> None:
        await self._ledger.spoiled(message_id)
