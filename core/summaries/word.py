"""`summary`: shows a person what stands for their older messages; they may word it anew, delete it, or want none."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import cache
from typing import Literal

from core.conversations.capabilities import CapabilityRun
from core.conversations.framing import harmless, is_blank
from core.domain import Capability, Sentence
from core.i18n import LANGUAGES, Phrase, RightsPhrase, sentences
from core.markdown.literal import literal
from core.storage.spending import Price
from core.storage.summaries.store import StoredSummary, SummaryStore
from core.summaries.prompt import fits
from core.summaries.settings import SummariesSettings

Verb = Literal["show", "edit", "delete", "off", "on"]
_WORDS: tuple[tuple[Verb, Sentence], ...] = (
    ("edit", RightsPhrase.SUMMARY_EDIT_WORD),
    ("delete", Phrase.DELETE_NAME),
    ("off", RightsPhrase.SUMMARY_OFF_WORD),
    ("on", RightsPhrase.SUMMARY_ON_WORD),
)
_FIRST = re.compile(r"\s*(\S+)\s*(.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Wish:
    """What a person wants of the summary."""

    verb: Verb
    text: str = ""
    """What it is to say."""


def read_wish(words: str) -> Wish | None:
    """Read what stands behind the word, in any language; None: it is a question that only begins with the word."""
    found = _FIRST.fullmatch(words)
    if found is None:
        return Wish("show")
    verb, text = _verbs().get(_plain(found[1].rstrip(":"))), found[2].strip()
    if verb is None or bool(text) != (verb == "edit"):
        return None
    return Wish(verb, text)


@cache
def _verbs() -> dict[str, Verb]:
    return {
        _plain(sentences(language).get(word.key, word.value)): verb
        for language in LANGUAGES
        for verb, word in _WORDS
    }


def _plain(word: str) -> str:
    """A word without case and accents, which not everybody types."""
    apart = unicodedata.normalize("NFKD", word.casefold())
    return "".join(char for char in apart if not unicodedata.combining(char))


class SummaryWord:
    """See `core.conversations.capabilities.CapabilityHandler`."""

    capability = Capability(
        "summary",
        RightsPhrase.SUMMARY_NAME,
        RightsPhrase.SUMMARY_COMMAND,
        "words",
        alone=True,
        argument=RightsPhrase.SUMMARY_ARGUMENT,
        argument_help=RightsPhrase.SUMMARY_ARGUMENT_HELP,
        private=True,
        free=True,
        fits=lambda words: read_wish(words) is not None,
    )

    def __init__(self, store: SummaryStore, settings: SummariesSettings, price: Price) -> None:
        self._store = store
        self._settings = settings
        self._price = price

    async def run(self, run: CapabilityRun) -> None:
        """Show it, or do with it what its person wants."""
        wish = read_wish(run.words) or Wish("show")
        summary = await self._store.meant_by(run.turn)
        if wish.verb in ("off", "on"):
            await self._keep(run, kept=wish.verb == "on")
        elif summary is None or not (summary.kept and summary.text):
            is_off = summary is not None and not summary.kept
            await self._say(run, RightsPhrase.SUMMARY_UNWANTED if is_off else RightsPhrase.SUMMARY_NONE)
        elif wish.verb == "edit":
            await self._edit(run, summary, harmless(wish.text).strip())
        elif wish.verb == "delete":
            done = await self._store.delete(run.turn, summary)
            await self._say(run, RightsPhrase.SUMMARY_DELETED if done else RightsPhrase.SUMMARY_CHANGED)
        else:
            await self._show(run, summary)

    async def _keep(self, run: CapabilityRun, *, kept: bool) -> None:
        here = await self._store.conversation_meant(run.turn, kept=kept)
        if here is None:
            await self._say(run, RightsPhrase.SUMMARY_NONE)
            return
        await self._store.keep(run.turn, here, kept=kept)
        await self._say(run, RightsPhrase.SUMMARY_ON if kept else RightsPhrase.SUMMARY_OFF)

    async def _edit(self, run: CapabilityRun, summary: StoredSummary, text: str) -> None:
        if summary.is_shared:
            phrase = RightsPhrase.SUMMARY_SHARED
        elif is_blank(text) or not fits(text, self._settings.words):
            phrase = RightsPhrase.SUMMARY_TOO_LONG
        else:
            done = await self._store.word(run.turn, summary, text)
            phrase = RightsPhrase.SUMMARY_EDITED if done else RightsPhrase.SUMMARY_CHANGED
        await self._say(run, phrase)

    async def _show(self, run: CapabilityRun, summary: StoredSummary) -> None:
        say = run.translator.say
        quoted = "\n".join(f"> {literal(line)}".rstrip() for line in summary.text.splitlines())
        parts = [say(RightsPhrase.SUMMARY_TITLE), quoted]
        cost = await self._store.cost_of(summary, self._price)
        if cost.tokens:
            usd = [say(Phrase.USAGE_COST, cost=run.translator.money(cost.usd))] if cost.usd else []
            parts.append(" ".join([say(RightsPhrase.SUMMARY_COST, tokens=cost.tokens), *usd]))
        words = {verb: say(word) for verb, word in _WORDS}
        how = RightsPhrase.SUMMARY_HOW_SHARED if summary.is_shared else RightsPhrase.SUMMARY_HOW
        text = "\n\n".join([*parts, say(how, word=say(self.capability.word), **words)])
        # kept in one place alone: what is deleted takes the summary with it, and would stay in this answer
        await run.write_once(text, secret=quoted)

    async def _say(self, run: CapabilityRun, phrase: Sentence) -> None:
        say = run.translator.say
        told = {"word": say(self.capability.word), "on": say(RightsPhrase.SUMMARY_ON_WORD)}
        await run.write(say(phrase, **told, most=2 * self._settings.words))
