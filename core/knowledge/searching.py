"""Searches for who asks: within their boundary, counted and told."""

from __future__ import annotations

from core.aivax.knowledge.client import KnowledgeClient
from core.aivax.knowledge.forms import Hit
from core.aivax.knowledge.search_body import MOST_TERM_CHARS
from core.conversations.capabilities import CapabilityRun
from core.i18n import Phrase
from core.knowledge.places import BoundaryUnfit, KnowledgePlaces, Searchable
from core.util.log import log

SPENT_ON = "search"
"""What `usage` names the cost of searches by."""


class Searching:
    """Finds what a turn's words ask for."""

    def __init__(self, client: KnowledgeClient, places: KnowledgePlaces) -> None:
        self._client = client
        self._places = places

    async def find(self, run: CapabilityRun, usage: Phrase) -> tuple[Hit, ...] | None:
        """Search for the words of a turn, the best first; None where its author was told why not.

        `usage` is what they read where they wrote no words.

        Raises:
            AivaxError: AIVAX refused, or did not answer.
        """
        say = run.translator.say
        if not run.words.strip():
            await run.write(say(usage))
            return None
        if len(run.words) > MOST_TERM_CHARS:
            await run.write(say(Phrase.SEARCH_TOO_LONG, most=MOST_TERM_CHARS, length=len(run.words)))
            return None
        searchable = self._places.of(run.turn.place, run.turn.author)
        if searchable is None:
            await run.write(say(Phrase.SEARCH_NOT_HERE))
            return None
        try:
            return await self._found(run, searchable)
        except BoundaryUnfit as unfit:
            log.warning("knowledge.boundary_unfit", cause=str(unfit))
            await run.write(say(Phrase.SEARCH_NOT_HERE))
            return None

    async def _found(self, run: CapabilityRun, searchable: Searchable) -> tuple[Hit, ...]:
        search = searchable.search(run.words.strip())
        await run.status(run.translator.say(Phrase.SEARCHING))
        found = await self._client.query(search)
        if found.spent_usd:
            run.spent(SPENT_ON, found.spent_usd)
        kept = tuple(hit for hit in found.hits if searchable.lets_through(hit.metadata))
        if len(kept) < len(found.hits):
            # AIVAX ignores what it does not understand: what it found beyond the boundary is not shown
            log.error("knowledge.filter_not_heard", left_out=len(found.hits) - len(kept))
        return kept[: search.top]
