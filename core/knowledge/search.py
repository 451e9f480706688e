"""`search WORDS`: what stands in the collections about something, without asking a model."""

from __future__ import annotations

from core.conversations.capabilities import CapabilityRun
from core.domain import Capability
from core.i18n import Phrase
from core.knowledge.hit_lines import excerpt, titled
from core.knowledge.searching import Searching


class SearchHandler:
    """Shows the documents that a search found."""

    def __init__(self, searching: Searching, *, daily: int) -> None:
        self._searching = searching
        self.capability = Capability(
            "search",
            Phrase.SEARCH_WORD,
            Phrase.SEARCH_DESCRIPTION,
            takes="words",
            argument=Phrase.SEARCH_ARGUMENT,
            argument_help=Phrase.SEARCH_ARGUMENT_HELP,
            daily=daily,
        )

    async def run(self, run: CapabilityRun) -> None:
        """Search, and show names, scores and pieces of the texts."""
        hits = await self._searching.find(run, Phrase.SEARCH_USAGE)
        if hits is None:
            return
        if not hits:
            await run.write(run.translator.say(Phrase.SEARCH_NOTHING))
            return
        lines = []
        for number, hit in enumerate(hits, 1):
            piece = excerpt(hit, run.words)
            lines.append(f"**{number}.** {titled(hit, run.translator)}" + (f"\n> {piece}" if piece else ""))
        await run.write("\n\n".join(lines))
