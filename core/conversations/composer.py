"""Gathers what AIVAX is asked: instructions, history, surroundings, the question, and the files of them all."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from core.aivax.options import RequestOptions
from core.aivax.request import CompletionRequest
from core.conversations.attachments import Asker, Wanted, choose, fetch_parts
from core.conversations.capabilities import Change
from core.conversations.file_memory import FileMemory
from core.conversations.framing import is_blank
from core.conversations.history import History
from core.conversations.interpreting import Interpreter
from core.conversations.left_out import LeftOut
from core.conversations.prompt import Context, messages_of
from core.conversations.request_files import Earlier, Fetched
from core.conversations.routes import Routes
from core.domain import Frontend, PlatformError, Quote, Remembered, Turn
from core.settings import ConversationSettings, LimitsSettings
from core.util.log import log

SURROUNDINGS_TIMEOUT_S = 10.0


@dataclass(frozen=True, slots=True)
class Composed:
    """A request, and what it was made of."""

    request: CompletionRequest
    context: Context
    files: Fetched
    change: Change = lambda request: request
    """What a capability makes of the request: done again where its messages are made anew, with fewer files."""

    @property
    def left_out(self) -> tuple[LeftOut, ...]:
        """The files that could not be part of it, of which who asks is told."""
        return self.files.left_out

    def without_media(self) -> Composed:
        """The same question with all but texts only named."""
        return self._with(self.files.without_media())

    def simpler(self, *, too_long: bool = False) -> Composed | None:
        """The same question with fewer files, for a server that refuses it: it may be for one of them.

        First without those of before, so that no picture or text keeps a conversation from going on; then without
        the question's own, unless they are only too long.
        """
        if self.files.earlier:
            return self._with(self.files.without_earlier())
        has_other = self.files.media and not too_long
        return self._with(self.files.without_refused()) if has_other else None

    def asking(self, model: str) -> Composed:
        """The same question, put to another model."""
        return replace(self, request=replace(self.request, model=model))

    def told(self, more: str) -> Composed:
        """The same question, with something more among the instructions."""
        instructions = "\n\n".join(filter(None, (self.context.instructions.strip(), more)))
        context = replace(self.context, instructions=instructions)
        request = replace(self.request, messages=messages_of(context, self.files))
        return replace(self, request=request, context=context)

    def _with(self, files: Fetched) -> Composed:
        request = self.change(
            replace(self.request, messages=messages_of(self.context, files), question_files=files.parts)
        )
        return replace(self, request=request, files=files)

    def with_options(self, options: RequestOptions) -> Composed:
        """The same question, with something else asked of AIVAX beside it."""
        return replace(self, request=replace(self.request, options=options))

    def changed(self, change: Change) -> Composed:
        """The same question as a capability wants it asked."""
        return replace(self, request=change(self.request), change=change)


@dataclass(frozen=True, slots=True)
class NoRoom:
    """The memory for files is filled by others'; the turn is to come back once there is room."""


class Composer:
    """Builds the request of a turn."""

    def __init__(
        self,
        history: History,
        routes: Routes,
        conversation: ConversationSettings,
        limits: LimitsSettings,
        file_memory: FileMemory,
        interpreter: Interpreter,
        sweep_soon: Callable[[], None],
    ) -> None:
        """`sweep_soon` is told when room for files was given back that another turn may wait for."""
        self._sweep_soon = sweep_soon
        self._history = history
        self._routes = routes
        self._conversation = conversation
        self._limits = limits
        self._file_memory = file_memory
        self._interpreter = interpreter

    def model_of(self, turn: Turn) -> str:
        """Which gateway a turn asks."""
        return turn.chosen_model or self._routes.of(turn.place).model

    def forget(self, turn: Turn) -> None:
        """Free the memory that a turn's files were given."""
        if self._file_memory.give_back(turn.id):
            self._sweep_soon()

    async def question_of(self, turn: Turn) -> Sequence[Remembered]:
        """What a turn was asked, as it was said."""
        return await self._history.question(turn)

    async def compose(
        self, turn: Turn, frontend: Frontend, words: str | None = None
    ) -> Composed | NoRoom | None:
        """Gather everything the model is shown; None when there is nothing to answer: a bare mention.

        `words` are asked in place of what was said, where they are given: what stands behind a capability's word.
        `NoRoom` where others' files fill the memory. `forget` must follow once the request is no longer needed.
        """
        question, past = await self._history.read(turn)
        window = past.window
        if words is not None:
            question = [replace(each, text=words if not at else "") for at, each in enumerate(question)]
        bare = all(is_blank(message.text) and not message.attachments for message in question)
        around = await self._read_around(turn, frontend)
        quotes = await self._history.surroundings(turn, around, [*window, *question], bare=bare)
        if bare and not quotes and words is None:
            return None
        wanted = self._choose(question, window, quotes, around)
        if not self._file_memory.take(turn.id, turn.person_key, wanted.size_bytes):
            return NoRoom()
        files = await fetch_parts(
            frontend,
            wanted,
            text_chars=self._limits.attachment_text_chars,
            history_chars=self._history.left_chars(past) if wanted.earlier else 0,
            interpreter=self._interpreter,
            asker=Asker(turn.author.name, turn.person_key),
        )
        instructions = self._routes.of(turn.place).instructions
        context = Context(
            instructions, window, tuple(quotes), tuple(question), self._history.names_authors, past
        )
        request = CompletionRequest(
            messages=messages_of(context, files),
            model=self.model_of(turn),
            user=turn.person_key if turn.place.private else f"{turn.person_key}.p",
            idempotency_key=turn.key,
            metadata={"platform": turn.place.platform, "conversation": str(turn.conversation_id)},
            options=self._routes.options_of(turn.place).at_home(turn.author.time_zone),
            question_files=files.parts,
        )
        return Composed(request, context, files)

    def _choose(
        self,
        question: Sequence[Remembered],
        window: Sequence[Remembered],
        quotes: Sequence[Quote],
        around: Sequence[Quote],
    ) -> Wanted:
        """The question's own files, and of those before it the ones that it is most likely about."""
        replied_to = next((quote.origin for quote in around if quote.replied_to), "")
        first = around[0].origin if around else ""
        earlier = sorted(
            _before(window, quotes), key=lambda each: (each.origin != replied_to, each.origin != first)
        )
        return choose(
            (file for message in question for file in message.attachments),
            self._limits,
            most_in_all=self._file_memory.part_bytes,
            earlier=earlier,
            most_earlier=self._conversation.earlier_attachments,
        )

    async def _read_around(self, turn: Turn, frontend: Frontend) -> Sequence[Quote]:
        """What was said around the question; a platform that doesn't tell costs context, not the answer."""
        most = self._conversation.surroundings_messages
        if not most or not self._conversation.surroundings_tokens:
            return ()
        try:
            async with asyncio.timeout(SURROUNDINGS_TIMEOUT_S):
                return await frontend.surroundings(turn.address, most)
        except (PlatformError, TimeoutError) as error:
            log.warning("surroundings.unreadable", turn=turn.id, cause=str(error) or type(error).__name__)
            return ()


def _before(window: Sequence[Remembered], quotes: Sequence[Quote]) -> Iterator[Earlier]:
    """The files of before, the newest first: what stands around the question, then what was asked before it.

    Who asks is told of a file that is left out where they reply to it, where nothing was asked since it came, and
    where their last question brought it. What the bot posted itself stands in its answers.
    """
    last_turn = max((message.turn_id for message in window), default=0)
    for quote in reversed(quotes):
        for file in () if quote.own else quote.attachments:
            is_told = quote.replied_to or not window
            yield Earlier(file, quote.origin, is_told=is_told, author=quote.author_name)
    for message in reversed(window):
        for file in message.attachments:
            is_told = message.turn_id == last_turn
            yield Earlier(file, message.origin, is_told=is_told, author=message.author_name, in_history=True)
