"""`block`, `unblock` and `people`: what operators say in chat about one person."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Sequence

from core.conversations.capabilities import CapabilityRun
from core.domain import Capability, Sentence
from core.domain.audit import in_chat
from core.i18n import LANGUAGES, Phrase, RightsPhrase, sentences
from core.markdown.literal import code
from core.rights.people import Done, PeopleDesk
from core.storage.personal_data.people import Account, Known

MOST_SHOWN = 10


class Nudges:
    """Has the worker pool look at conversations in which an answer is to end."""

    def __init__(self) -> None:
        self._waiting: asyncio.Queue[int] = asyncio.Queue()

    def of(self, done: Done) -> None:
        """Have it look where something is to end."""
        for conversation_id, _ in done.work_in:
            self._waiting.put_nowait(conversation_id)

    async def upkeep(self, notify: Callable[[int], None]) -> None:
        """Pass it on until cancelled."""
        while True:
            notify(await self._waiting.get())


class _Handler:
    """What the three have in common: who is meant, and what is said where that is not clear."""

    capability: Capability

    def __init__(self, desk: PeopleDesk, operators: Collection[str], nudges: Nudges) -> None:
        """`operators`: `platform:id` of users and roles."""
        self._desk = desk
        self._operators = operators
        self._nudges = nudges

    async def _one(self, run: CapabilityRun, words: str) -> tuple[Account, Sequence[Known]] | None:
        """The account that is meant; None where that is not clear, which is said then.

        Where a name is somebody's of this place, nobody elsewhere is meant by it.
        """
        say, here = run.translator.say, run.turn.place
        found = await self._desk.accounts(words)
        near = {
            account: known
            for account, known in found.items()
            if account.platform == here.platform and account.workspace in ("", here.workspace)
        }
        found = near or found
        if not found:
            await run.write(say(RightsPhrase.PEOPLE_NOBODY))
        elif len(found) > 1:
            lines = [_line(account, known) for account, known in list(found.items())[:MOST_SHOWN]]
            await run.write("\n".join([say(RightsPhrase.PEOPLE_SEVERAL), *lines]))
        else:
            return next(iter(found.items()))
        return None


class BlockHandler(_Handler):
    """`block @person`; alone it lists who is blocked."""

    capability = Capability(
        "block",
        RightsPhrase.BLOCK_WORD,
        RightsPhrase.BLOCK_COMMAND,
        "words",
        alone=True,
        argument=RightsPhrase.BLOCK_ARGUMENT,
        argument_help=RightsPhrase.BLOCK_ARGUMENT_HELP,
        private=True,
        operators_only=True,
        begins_sentences=True,
        free=True,
    )

    async def run(self, run: CapabilityRun) -> None:
        """See `core.conversations.capabilities.CapabilityHandler`."""
        say = run.translator.say
        if not run.words:
            blocked = await self._desk.blocked()
            lines = [f"- {code(str(each.account))} ({each.at:%Y-%m-%d})" for each in blocked]
            title = RightsPhrase.BLOCK_LIST if lines else RightsPhrase.BLOCK_NONE
            await run.write("\n".join([say(title), *lines]))
        elif (one := await self._one(run, run.words)) is not None:
            account, known = one
            who = code(_called(account, known))
            linked = await self._desk.linked_to(account, known)
            if any(f"{each.platform}:{each.user}" in self._operators for each in linked):
                await run.write(say(RightsPhrase.BLOCK_NOT_OPERATOR, who=who))
                return
            self._nudges.of(await self._desk.block(account, known, by=in_chat(run.turn.author.identity)))
            word = f"{say(RightsPhrase.UNBLOCK_WORD)} {account}"
            await run.write(say(RightsPhrase.BLOCK_DONE, who=who, word=word))


class UnblockHandler(_Handler):
    """`unblock @person`."""

    capability = Capability(
        "unblock",
        RightsPhrase.UNBLOCK_WORD,
        RightsPhrase.UNBLOCK_COMMAND,
        "words",
        argument=RightsPhrase.BLOCK_ARGUMENT,
        argument_help=RightsPhrase.BLOCK_ARGUMENT_HELP,
        private=True,
        operators_only=True,
        begins_sentences=True,
        free=True,
    )

    async def run(self, run: CapabilityRun) -> None:
        """See `core.conversations.capabilities.CapabilityHandler`."""
        if (one := await self._one(run, run.words)) is None:
            return
        account, known = one
        done = await self._desk.unblock(account, known, by=in_chat(run.turn.author.identity))
        phrase = RightsPhrase.UNBLOCK_DONE if done.changed else RightsPhrase.UNBLOCK_NONE
        await run.write(run.translator.say(phrase, who=code(_called(account, known))))


class PeopleHandler(_Handler):
    """`people Ana` finds, `people forget Ana` deletes."""

    capability = Capability(
        "people",
        RightsPhrase.PEOPLE_WORD,
        RightsPhrase.PEOPLE_COMMAND,
        "words",
        argument=RightsPhrase.BLOCK_ARGUMENT,
        argument_help=RightsPhrase.PEOPLE_ARGUMENT_HELP,
        private=True,
        operators_only=True,
        begins_sentences=True,
        free=True,
    )

    async def run(self, run: CapabilityRun) -> None:
        """See `core.conversations.capabilities.CapabilityHandler`."""
        say = run.translator.say
        verb, _, rest = run.words.partition(" ")
        if not run.words:
            words = {"word": say(RightsPhrase.PEOPLE_WORD), "forget": say(Phrase.MEMORY_FORGET_WORD)}
            await run.write(say(RightsPhrase.PEOPLE_USAGE, **words))
        elif rest and verb.casefold() in _spoken(Phrase.MEMORY_FORGET_WORD):
            await self._forget(run, rest)
        else:
            found = await self._desk.find(run.words, parts=True)
            lines = [_found(run, each, self._desk.global_ids) for each in found[:MOST_SHOWN]]
            await run.write("\n".join(lines) or say(RightsPhrase.PEOPLE_NOBODY))

    async def _forget(self, run: CapabilityRun, words: str) -> None:
        one = await self._one(run, words)
        if one is None:
            return
        account, known = one
        if not known:
            await run.write(run.translator.say(RightsPhrase.PEOPLE_NOBODY))
            return
        self._nudges.of(await self._desk.forget(known, by=in_chat(run.turn.author.identity)))
        who = code(_called(account, known))
        await run.write(run.translator.say(RightsPhrase.PEOPLE_FORGOTTEN, who=who))


def _spoken(word: Sentence) -> frozenset[str]:
    return frozenset(sentences(each).get(word.key, word.value).casefold() for each in LANGUAGES)


def _called(account: Account, known: Sequence[Known]) -> str:
    name = next((each.name for each in known if each.name), "")
    return f"{account} ({name})" if name else str(account)


def _line(account: Account, known: Sequence[Known]) -> str:
    return f"- {code(_called(account, known))}"


def _found(run: CapabilityRun, known: Known, global_ids: Collection[str]) -> str:
    who = code(_called(known.account(global_ids), [known]))
    return f"- {run.translator.say(RightsPhrase.PEOPLE_FOUND, who=who, when=f'{known.since:%Y-%m-%d}')}"
