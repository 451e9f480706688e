"""The capabilities that are switched on, and what the one that a turn carries out may use."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterator, Sequence
from typing import Any, Protocol

from core.aivax.request import CompletionRequest
from core.aivax.stream.events import Usage
from core.domain import (
    Action,
    Attachment,
    Blob,
    Capability,
    Frontend,
    MadeFile,
    Remembered,
    Translator,
    Turn,
)

Change = Callable[[CompletionRequest], CompletionRequest]


Follower = Callable[[Turn, str], None]
"""Told of a whole answer and its text; returns at once."""
Upkeep = Callable[[Callable[[int], None]], Coroutine[Any, Any, None]]
"""Goes on until cancelled; it is given who is to be told of a conversation that has work."""


class CapabilityRun(Protocol):
    """One turn that carries a capability out. After a crash it is begun anew: what it does must bear to be repeated.

    Errors may leave it: an `AivaxError` becomes its own sentence, anything else the sentence for a bug.
    """

    @property
    def turn(self) -> Turn: ...

    @property
    def words(self) -> str:
        """What its author wrote behind the word; `""`: nothing."""

    @property
    def attachments(self) -> Sequence[Attachment]:
        """The files of the message."""

    @property
    def translator(self) -> Translator: ...

    @property
    def frontend(self) -> Frontend: ...

    async def status(self, text: str) -> None:
        """Show a line while no text stands there yet, such as how far it is; the next one takes its place."""

    async def write(self, markdown: str) -> None:
        """Write on. What comes from people, models and servers is hostile: quote or escape it before."""

    async def write_once(self, markdown: str, secret: str) -> None:
        """Write on, with a secret that is shown now and stored nowhere: what is kept has dots in its place."""

    async def show(self, file: MadeFile, *, always: bool = False) -> None:
        """Show a file below the answer, once all is written; within `[limits] answer_files`, unless `always`."""

    async def fetch(self, attachment: Attachment, most_bytes: int) -> Blob:
        """Fetch a file of the message.

        Raises:
            FileGone, FileTooLarge, PlatformError: as `Frontend.fetch`.
        """

    async def ask(self, change: Change = lambda request: request) -> str:
        """Have the model answer, as it would an ordinary question, and write what it says; what it said.

        `change` makes the request what it is to be: it is given one with history, surroundings and files, whose last
        message is what stands behind the word, and may be called again where messages are made anew with fewer files.
        Held, retried and paid like any question: where a breaker holds it, this turn is begun anew later.
        """

    async def ask_quietly(self, change: Change = lambda request: request) -> str:
        """Likewise, but write nothing: for what is to be checked first, such as structured output."""

    async def ask_apart(self, change: Change = lambda request: request) -> tuple[str, Usage | None]:
        """Likewise, and what that call used, as AIVAX told it: it counts once it is given to `used`.

        For who asks more than once: what was paid before a later call is held counts, too, where it is remembered.
        """

    def be_quiet(self) -> None:
        """Show nothing but what is written: no status, and nothing at all where nothing is written."""

    async def complete(self, request: CompletionRequest, said: Sequence[Remembered]) -> str:
        """Have the model answer a request that is no question of the turn's, and write nothing; what it said.

        `said` are the messages that stand in it. Nothing but text is taken, and no other model asked in its place.
        """

    def offer(self, *actions: Action) -> None:
        """Have these buttons below the answer, once all is written; after a crash they are there, too."""

    def used(self, usage: Usage) -> None:
        """Count what a model did elsewhere, as AIVAX told it."""

    def spent(self, what: str, usd: float) -> None:
        """Count money that AIVAX told of a call that is no completion; `what` names it in `usage`, as a model would."""


class CapabilityHandler(Protocol):
    """Carries one capability out."""

    @property
    def capability(self) -> Capability: ...

    async def run(self, run: CapabilityRun) -> None:
        """Carry it out. What it writes is the answer; an empty one is told as such."""


class Capabilities:
    """The capabilities that are switched on, by name."""

    def __init__(
        self,
        handlers: Sequence[CapabilityHandler] = (),
        *,
        unspoken: Sequence[CapabilityHandler] = (),
        upkeep: Sequence[Upkeep] = (),
        followers: Sequence[Follower] = (),
    ) -> None:
        """`unspoken` carry out what nobody asks for by a word; `upkeep` is what goes on beside the turns.

        `followers` are told of each answer of the model, once it is whole.
        """
        self.followers = tuple(followers)
        self.upkeep = tuple(upkeep)
        self._spoken = tuple(each.capability for each in handlers)
        self._handlers = {each.capability.name: each for each in (*handlers, *unspoken)}

    def __iter__(self) -> Iterator[Capability]:
        return iter(self._spoken)

    def handler(self, name: str) -> CapabilityHandler | None:
        """What carries it out; None where it is not switched on (any more)."""
        return self._handlers.get(name)


NO_CAPABILITIES = Capabilities()
