"""A turn that carries a capability out, in place of asking the model."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from core.admission.admission import RetryAlone
from core.aivax.request import CompletionRequest
from core.aivax.stream.events import Usage
from core.conversations.capabilities import Capabilities, Change
from core.conversations.composer import Composer, NoRoom
from core.domain import (
    PERHAPS,
    Action,
    Attachment,
    Blob,
    Capability,
    Frontend,
    MadeFile,
    Remembered,
    Status,
    Translator,
    Tripped,
    Turn,
)
from core.i18n import Phrase, behind_word
from core.storage.turns.store import TurnStore
from core.turns.answer import Answer
from core.turns.asking.meaning import is_meant

HeldBy = Tripped | RetryAlone | NoRoom
Ask = Callable[[Answer, Change, str | None], Awaitable[HeldBy | None]]
"""Asks the model something else than what was said."""
Call = Callable[[Answer, CompletionRequest, Sequence[Remembered]], Awaitable[HeldBy | None]]
"""Has the model answer a request that is no question of the turn's, in which these messages stand."""


def _as_it_is(request: CompletionRequest) -> CompletionRequest:
    return request


class _Held(Exception):
    """What a capability asked the model is held."""

    def __init__(self, by: HeldBy) -> None:
        super().__init__()
        self.by = by


async def carry_out(
    capabilities: Capabilities, answer: Answer, store: TurnStore, composer: Composer, ask: Ask, call: Call
) -> HeldBy | None:
    """Carry out what a turn is to do; what holds the question that it asked the model, if anything does.

    Raises whatever the capability does.
    """
    name = answer.turn.capability.removeprefix(PERHAPS)
    handler = capabilities.handler(name)
    if handler is not None and name != answer.turn.capability:
        question = await composer.question_of(answer.turn)
        words = "\n".join(message.text for message in question)
        if not await is_meant(handler.capability, words, answer, ask):
            await store.settle_capability(answer.turn, "")
            return await ask(answer, _as_it_is, None)
        await store.settle_capability(answer.turn, name)
    if handler is None:
        await answer.say(Phrase.CAPABILITY_OFF)
        return None
    question = await composer.question_of(answer.turn)
    answer.is_ours = True
    try:
        await handler.run(_Run(handler.capability, answer, question, store, ask, call))
    except _Held as held:
        return held.by
    return None


class _Run:
    """See `core.conversations.capabilities.CapabilityRun`."""

    def __init__(
        self,
        capability: Capability,
        answer: Answer,
        question: Sequence[Remembered],
        store: TurnStore,
        ask: Ask,
        call: Call,
    ) -> None:
        self._answer = answer
        self._store = store
        self._ask = ask
        self._call = call
        self.words = behind_word(capability, "\n".join(message.text for message in question))
        self.attachments = tuple(file for message in question for file in message.attachments)

    @property
    def turn(self) -> Turn:
        return self._answer.turn

    @property
    def translator(self) -> Translator:
        return self._answer.translator

    @property
    def frontend(self) -> Frontend:
        return self._answer.frontend

    async def status(self, text: str) -> None:
        await self._answer.surface.note(Status(text))

    async def write(self, markdown: str) -> None:
        await self._answer.write(markdown)

    async def write_once(self, markdown: str, secret: str) -> None:
        await self._answer.write(markdown)
        self._answer.conceal(secret)

    async def show(self, file: MadeFile, *, always: bool = False) -> None:
        if self._answer.add_file(file, always=always):
            await self._store.files.keep(self.turn, self._answer.files, file)

    async def fetch(self, attachment: Attachment, most_bytes: int) -> Blob:
        return await self.frontend.fetch(attachment.ref, most_bytes)

    async def ask(self, change: Change = lambda request: request) -> str:
        before = len(self._answer.text)
        self._answer.is_ours = False
        await self._let_ask(change)
        return self._answer.text[before:]

    async def ask_quietly(self, change: Change = lambda request: request) -> str:
        with self._answer.unseen() as said:
            await self._let_ask(change)
        return "".join(said)

    async def ask_apart(self, change: Change = lambda request: request) -> tuple[str, Usage | None]:
        before, self._answer.usage = self._answer.usage, None
        try:
            text = await self.ask_quietly(change)
            return text, self._answer.usage
        finally:
            self._answer.usage = before

    def be_quiet(self) -> None:
        self._answer.is_quiet = True

    async def complete(self, request: CompletionRequest, said: Sequence[Remembered]) -> str:
        with self._answer.unseen() as pieces:
            if (held_by := await self._call(self._answer, request, said)) is not None:
                raise _Held(held_by)
        return "".join(pieces)

    async def _let_ask(self, change: Change) -> None:
        if (held_by := await self._ask(self._answer, change, self.words)) is not None:
            raise _Held(held_by)

    def offer(self, *actions: Action) -> None:
        self._answer.offers = actions

    def used(self, usage: Usage) -> None:
        self._answer.used(usage)

    def spent(self, what: str, usd: float) -> None:
        self._answer.spent(what, usd)
