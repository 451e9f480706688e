"""Knowledge in the console: which collections are used where, and what was learnt into them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from core.storage.learnt.listing import CollectionSums, LearntReads


@dataclass(frozen=True, slots=True)
class Collection:
    """One collection, and what is done with it."""

    id: str
    searched_in: Sequence[str]
    """The places, as the configuration names them; `""`: everywhere."""
    learns: bool
    sums: CollectionSums | None
    """None: nothing was learnt into it."""


class KnowledgeDesk:
    """What the page shows and does."""

    def __init__(
        self, searched: Mapping[str, Sequence[str]], learnt_into: Sequence[str], learnt: LearntReads
    ) -> None:
        """`searched`: collections with the places that search them; `learnt_into`: those that learn."""
        self._searched = searched
        self._learnt_into = learnt_into
        self.learnt = learnt

    async def collections(self) -> Sequence[Collection]:
        """Those that are configured, and those that something was learnt into."""
        sums = {each.id: each for each in await self.learnt.sums()}
        known = dict.fromkeys([*self._searched, *self._learnt_into, *sums])
        return [
            Collection(each, self._searched.get(each, ()), each in self._learnt_into, sums.get(each))
            for each in known
        ]
