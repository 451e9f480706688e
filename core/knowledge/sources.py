"""`sources QUESTION`: an answer from the collections, each claim of which names the document that it comes from.

A gateway's own search tells no client what it found (AIVAX documentation of October 2026), so the bot searches itself,
and puts what it found into the question.
"""

from __future__ import annotations

from core.conversations.capabilities import CapabilityRun
from core.domain import Capability
from core.i18n import Phrase
from core.knowledge.citations import source_list
from core.knowledge.searching import Searching
from core.knowledge.source_prompt import with_sources


class SourcesHandler:
    """Has the model answer from what a search found, and lists what it names."""

    def __init__(self, searching: Searching, *, daily: int) -> None:
        self._searching = searching
        self.capability = Capability(
            "sources",
            Phrase.SOURCES_WORD,
            Phrase.SOURCES_DESCRIPTION,
            takes="words",
            argument_help=Phrase.SOURCES_ARGUMENT_HELP,
            daily=daily,
        )

    async def run(self, run: CapabilityRun) -> None:
        """Search, ask, and list the sources; where nothing is found, no model is asked."""
        found = await self._searching.find(run, Phrase.SOURCES_USAGE)
        if found is None:
            return
        hits = [hit for hit in found if hit.content.strip()]
        if not hits:
            await run.write(run.translator.say(Phrase.SOURCES_NOTHING))
            return
        said = await run.ask(lambda request: with_sources(request, hits))
        if said.strip():
            await run.write(f"\n\n{source_list(said, hits, run.translator)}")
