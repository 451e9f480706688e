"""`memory`: shows a person what AIVAX remembers of them, by number, and has single entries forgotten."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache, partial
from typing import Literal, Protocol

from core.aivax.personal.memories import Memory
from core.aivax.request import CompletionRequest, TextPart
from core.conversations.capabilities import CapabilityRun
from core.domain import Capability, Translator
from core.i18n import LANGUAGES, Phrase, sentences
from core.markdown.literal import code
from core.rights.possible import users_of
from core.rights.settings import MemorySettings
from core.util.text import shorten

MOST_SHOWN = 25
_TEXT_CHARS = 300
_NUMBER = re.compile(r"[#№]?\s*([0-9]{1,6})\.?")


class MemorySource(Protocol):
    """Where memories are: `core.aivax.personal.memories.Memories`."""

    async def of(self, users: Sequence[str]) -> tuple[Sequence[Memory], float]: ...

    async def find(self, document_id: str) -> Memory | None: ...

    async def delete(self, memory: Memory) -> bool: ...


class ShownLists(Protocol):
    """What each person was shown last: `core.storage.personal_data.memory_lists.MemoryLists`."""

    async def keep(self, person_key: str, documents: Sequence[str]) -> None: ...

    async def shown(self, person_key: str) -> Sequence[str]: ...


@dataclass(frozen=True, slots=True)
class Forget:
    """Have one entry forgotten, by its number; 0: one that is none."""

    number: int


def read_wish(words: str) -> Forget | Literal["all", "question"]:
    """Read what stands behind the word: `forget 2` or `delete #2`, in any language, or nothing.

    Anything else is a question that happens to begin with the word: `memory leaks in C, why?`.
    """
    verb, _, rest = words.strip().partition(" ")
    if not verb:
        return "all"
    if verb.casefold() not in _verbs() or len(rest.split()) > 2:
        return "question"
    found = _NUMBER.fullmatch(rest.strip())
    return Forget(int(found[1]) if found else 0)


@cache
def _verbs() -> frozenset[str]:
    """`forget` and `delete`, in every language."""
    verbs = (Phrase.MEMORY_FORGET_WORD, Phrase.DELETE_NAME)
    return frozenset(
        sentences(each).get(verb.key, verb.value).casefold() for each in LANGUAGES for verb in verbs
    )


class MemoryHandler:
    """See `core.conversations.capabilities.CapabilityHandler`. Nobody is shown, or forgets, what is another's."""

    def __init__(self, memories: MemorySource, lists: ShownLists, settings: MemorySettings) -> None:
        self._memories = memories
        self._lists = lists
        self.capability = Capability(
            "memory",
            Phrase.MEMORY_NAME,
            Phrase.MEMORY_COMMAND,
            "words",
            alone=True,
            argument=Phrase.MEMORY_ARGUMENT,
            argument_help=Phrase.MEMORY_ARGUMENT_HELP,
            private=True,
            daily=settings.daily,
        )

    async def run(self, run: CapabilityRun) -> None:
        """Show all, or forget one; where others read along, say where it can be asked instead."""
        wish = read_wish(run.words)
        if wish == "question":
            await run.ask(partial(_behind, self._word(run)))
        elif not run.turn.place.is_for_one:
            await run.write(run.translator.say(Phrase.MEMORY_IN_PRIVATE))
        elif isinstance(wish, Forget):
            await self._forget(run, wish.number)
        else:
            await self._show(run)

    async def _show(self, run: CapabilityRun) -> None:
        found, spent_usd = await self._memories.of(users_of(run.turn.person_key))
        if spent_usd > 0:
            run.spent(self.capability.name, spent_usd)
        shown = found[:MOST_SHOWN]
        await self._lists.keep(run.turn.person_key, [each.id for each in shown])
        say = run.translator.say
        if not shown:
            await run.write(say(Phrase.MEMORY_NOTHING))
            return
        lines = [f"{number}. {_entry(each, run.translator)}" for number, each in enumerate(shown, 1)]
        rest = [say(Phrase.MEMORY_MORE, count=len(found) - len(shown))] if len(found) > len(shown) else []
        how = say(Phrase.MEMORY_HOW, word=self._word(run), forget=say(Phrase.MEMORY_FORGET_WORD))
        parts = [say(Phrase.MEMORY_TITLE, count=len(found)), "\n".join(lines), *rest, how]
        await run.write("\n\n".join(parts))

    async def _forget(self, run: CapabilityRun, number: int) -> None:
        """Forget what was shown under a number; whose it is, is looked at again."""
        say, person_key = run.translator.say, run.turn.person_key
        shown = await self._lists.shown(person_key)
        if not 1 <= number <= len(shown):
            await run.write(say(Phrase.MEMORY_NO_SUCH, word=self._word(run)))
            return
        memory = await self._memories.find(shown[number - 1])
        if (
            memory is None
            or memory.owner not in users_of(person_key)
            or not await self._memories.delete(memory)
        ):
            await run.write(say(Phrase.MEMORY_GONE))
            return
        await run.write(say(Phrase.MEMORY_FORGOTTEN, text=_shown(memory)))

    def _word(self, run: CapabilityRun) -> str:
        return run.translator.say(self.capability.word)


def _behind(word: str, request: CompletionRequest) -> CompletionRequest:
    """The question with the word at its beginning that was taken off."""
    *before, last = request.messages
    content = last.content
    whole = f"{word} {content}" if isinstance(content, str) else (TextPart(word), *content)
    return replace(request, messages=(*before, replace(last, content=whole)))


def _entry(memory: Memory, translator: Translator) -> str:
    dated = ((Phrase.MEMORY_SAVED, memory.saved_at), (Phrase.MEMORY_EXPIRES, memory.expires_at))
    told = [translator.say(phrase, date=_day(at)) for phrase, at in dated if at is not None]
    return f"{_shown(memory)} ({', '.join(told)})" if told else _shown(memory)


def _day(at: datetime) -> str:
    return at.date().isoformat()


def _shown(memory: Memory) -> str:
    return code(shorten(" ".join(memory.text.split()), _TEXT_CHARS))
