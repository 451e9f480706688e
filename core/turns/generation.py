"""Getting an answer: what is asked, past the circuit breakers, into the surface as it comes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass

from core.admission.admission import Admission, RetryAlone
from core.admission.fair_worklist import Permits
from core.aivax.client import AivaxClient
from core.aivax.request import CompletionRequest
from core.aivax.stream.events import Finished, Picture, Text, TimelineEvent, Usage
from core.conversations.capabilities import NO_CAPABILITIES, Capabilities, Change
from core.conversations.composer import Composed, Composer, NoRoom
from core.conversations.left_out import sentences_of
from core.conversations.prompt import Context
from core.conversations.request_files import Fetched
from core.delivery.status_line import tool_status
from core.domain import (
    AivaxError,
    CancelRequest,
    Cause,
    ContextTooLong,
    RateLimited,
    Remembered,
    RequestRefused,
    ToolActivity,
    Tripped,
    Turn,
    Unanswerable,
)
from core.domain.spans import span
from core.guard.guard import Guard, restored
from core.i18n import Phrase
from core.media.tool_caps import ToolCaps
from core.settings import LimitsSettings
from core.storage.turns.fence import forgets
from core.storage.turns.store import TurnStore
from core.turns.answer import Answer
from core.turns.asking.fallback import Fallback
from core.turns.asking.hooked import Refused, TurnHooks
from core.turns.capability_run import carry_out
from core.turns.files.linked_files import FetchedLinks
from core.turns.finish_sentences import instead_of_words
from core.util.log import log

SAID = Text | Picture | Finished
"""What shows that a call does not fail before any text."""
BEYOND_ANY_WAIT_S = 3_600.0
"""Longer than any call waits for its next try: the failure of the last one stands."""


@dataclass(frozen=True, slots=True)
class Calling:
    """What a call to AIVAX takes: who makes it, who lets it through, and which tools it may have."""

    aivax: AivaxClient
    admission: Admission
    permits: Permits
    tool_caps: ToolCaps
    hooks: TurnHooks
    guard: Guard


class Generation:
    """Generates the text of an answer."""

    def __init__(
        self,
        composer: Composer,
        calling: Calling,
        store: TurnStore,
        limits: LimitsSettings,
        fallback: Fallback,
        *,
        show_tools: bool,
        capabilities: Capabilities = NO_CAPABILITIES,
    ) -> None:
        self._fallback = fallback
        self._tool_caps = calling.tool_caps
        self._hooks = calling.hooks
        self._guard = calling.guard
        self._links = FetchedLinks(
            calling.aivax.links,
            store.files,
            most_bytes=limits.answer_file_bytes,
            is_aivax=calling.aivax.speaks_aivax,
        )
        self._composer = composer
        self._aivax = calling.aivax
        self._admission = calling.admission
        self._permits = calling.permits
        self._store = store
        self._limits = limits
        self._show_tools = show_tools
        self._capabilities = capabilities

    async def holding(self, turn: Turn) -> Tripped | None:
        """The circuit breaker that holds the turn; asked before anything is done for it on its platform."""
        if not turn.is_any_tripped:
            return None
        if turn.capability:  # which need not ask the model
            handler = self._capabilities.handler(turn.capability)
            is_free = handler is None or handler.capability.free
            return None if is_free else await self._admission.pause(turn.id)
        tripped = await self._admission.holding(turn.id, self._composer.model_of(turn))
        if not (instead := self._fallback.instead_of(turn, tripped)):
            return tripped
        is_held_too = await self._admission.holding(turn.id, instead) is not None
        return tripped if is_held_too else None

    async def let_go(self, turn: Turn) -> None:
        """The turn ends, or waits again: it is no circuit breaker's probe any more."""
        await self._admission.let_go(turn.id)

    async def generate(self, answer: Answer) -> Tripped | RetryAlone | NoRoom | None:
        """Stream the answer into its surface; it is stored whole when this returns None.

        Returns the circuit breaker that holds the turn, that it is to be tried again in its own time, or that there
        is no room for its files yet: then nothing was said. Raises `AivaxError` for what no waiting mends; what was
        said until then stands in the answer.
        """
        try:
            return await self._generate(answer)
        finally:
            answer.drop_held_back()
            self._composer.forget(answer.turn)

    async def _generate(self, answer: Answer) -> Tripped | RetryAlone | NoRoom | None:
        turn = answer.turn
        if turn.generation > turn.unbilled_attempts:
            log.warning("turn.generated_anew", reason="begun before; paid twice if AIVAX was asked then")
        self._hooks.begin(answer)
        try:
            if turn.capability:
                held_by = await self._carry_out(answer)
            else:
                held_by = await self._compose_and_ask(answer)
            if held_by is not None:
                return held_by
            await self._hooks.after_answer(answer)
        except Refused as refused:
            answer.drop_held_back()
            await answer.speak(refused.sentence)
        if answer.is_empty and not answer.is_quiet:
            await answer.say(instead_of_words(answer.reason))
        ours, remembered = answer.is_ours, answer.remembered
        offers = answer.offers if ours else ()
        await self._store.keep_answer(
            turn, answer.text, answer.usage, whole=True, ours=ours, remembered=remembered, offers=offers
        )
        return None

    async def make_unseen(self, answer: Answer) -> Tripped | RetryAlone | NoRoom | None:
        """Do what a turn is for that shows nothing; what keeps it from being done, if anything does.

        Raises `AivaxError`, or `Refused` where a hook refuses it.
        """
        held_by = await self._carry_out(answer)
        if held_by is None:
            await self._store.keep_answer(answer.turn, "", answer.usage, whole=True, ours=True)
        return held_by

    async def _carry_out(self, answer: Answer) -> Tripped | RetryAlone | NoRoom | None:
        return await carry_out(
            self._capabilities, answer, self._store, self._composer, self._compose_and_ask, self._call
        )

    async def _call(
        self, answer: Answer, request: CompletionRequest, said: Sequence[Remembered]
    ) -> Tripped | RetryAlone | None:
        """Put a request to its model that is no question of the turn's."""
        composed = Composed(request, Context("", (), (), tuple(said), names_authors=False), Fetched())
        return await self._stream(answer, composed)

    async def _compose_and_ask(
        self, answer: Answer, change: Change | None = None, words: str | None = None
    ) -> Tripped | RetryAlone | NoRoom | None:
        """Ask the turn's question, or what a capability makes of it."""
        asked = await self._hooks.before_question(answer, words)
        with span("compose"):
            composed = await self._composer.compose(answer.turn, answer.frontend, asked.words)
        if isinstance(composed, NoRoom):
            return composed
        if composed is None:
            await self._greet(answer)
            return None
        composed = asked.applied(composed)
        answer.summary_tokens = composed.context.past.made_tokens
        answer.notes += sentences_of(composed.left_out, self._limits, answer.translator)
        for what, usd in composed.files.spent:
            answer.spent(what, usd)
        options = await self._tool_caps.applied(answer.turn, composed.request.options)
        composed = composed.with_options(options)
        composed = composed.changed(change) if change is not None else composed
        held_by = await self._fallback.ask(answer, composed, self._ask)
        if held_by is None:
            await self._links.fetch(answer)
            answer.notes += await self._tool_caps.sentences(answer.turn, options, answer.translator)
        return held_by

    async def _greet(self, answer: Answer) -> None:
        """Answer a message that says nothing, unless it does so since its author had its words deleted meanwhile."""
        if forgets(await self._store.cancel_request(answer.turn)):
            answer.heard()
            await asyncio.Event().wait()  # until the runner, which reads the same row, ends this
        await answer.say(Phrase.GREETING)

    async def _ask(self, answer: Answer, composed: Composed) -> Tripped | RetryAlone | None:
        """Ask with the files, and once more without them where the account can't pay for files alone."""
        files = composed.files
        if files.has_media and not await self._admission.allows_media(answer.turn.id):
            composed = answer.without_media(composed)
        held_by = await self._stream_simpler(answer, composed)
        if isinstance(held_by, Tripped) and held_by.breaker.cause is Cause.MEDIA:
            held_by = await self._stream(answer, answer.without_media(composed))
        return held_by

    async def _stream_simpler(self, answer: Answer, composed: Composed) -> Tripped | RetryAlone | None:
        """Ask, and once more with fewer files as long as what is asked is refused: one of them may be why."""
        while True:
            try:
                return await self._stream(answer, composed)
            except RequestRefused as refusal:
                simpler = composed.simpler(too_long=isinstance(refusal, ContextTooLong))
                if answer.text or simpler is None:
                    raise
                log.info("question.asked_simpler", turn=answer.turn.id, cause=str(refusal))
                left_out = simpler.left_out[len(composed.left_out) :]
                answer.notes += sentences_of(left_out, self._limits, answer.translator)
                composed = simpler

    async def _stream(self, answer: Answer, composed: Composed) -> Tripped | RetryAlone | None:
        turn, model = answer.turn, composed.request.model
        request = await self._hooks.before_call(answer, composed.request)
        request, masks = await self._guard.masked(turn, request, composed.context.said)
        permit = _Permit(self._admission, self._permits, self._store, turn, model)
        asked = self._aivax.complete(request, before_try=permit)
        async with aclosing(restored(asked, masks) if masks.restored else asked) as timeline:
            async with self._admission.entering(turn.id, model) as passage:
                if passage.tripped is not None:
                    return passage.tripped
                permit.cancel_request = passage.cancel_request
                if passage.cancel_request is not None:
                    answer.heard()
                try:
                    first = await anext(timeline)
                except AivaxError as error:  # learnt from before the next call is let in
                    return await self._refused(turn, composed, error)
            await self._admission.taken(turn.id, model, said=isinstance(first, SAID))
            return await self._take_all(answer, composed, first, timeline)

    async def _take_all(
        self,
        answer: Answer,
        composed: Composed,
        first: TimelineEvent,
        timeline: AsyncGenerator[TimelineEvent],
    ) -> Tripped | RetryAlone | None:
        """Take what comes, up to the end. Before any text a failure is learnt from, and nothing was said."""
        spoke = isinstance(first, SAID)
        event: TimelineEvent | None = first
        try:
            while event is not None:
                await self._take(answer, event)
                if not spoke and isinstance(event, SAID):
                    spoke = True
                    await self._admission.taken(answer.turn.id, composed.request.model, said=True, again=True)
                event = await anext(timeline, None)
        except AivaxError as error:
            if answer.text or answer.files:
                raise
            return await self._refused(answer.turn, composed, error, begun=True)
        return None

    async def _take(self, answer: Answer, event: TimelineEvent) -> None:
        if answer.turn.is_unseen and not isinstance(event, Text | Usage | Finished):
            return
        if isinstance(event, Picture):
            if (file := answer.admit(event)) is not None:
                await self._store.files.keep(answer.turn, answer.files, file)
            return
        if not isinstance(event, ToolActivity):
            await answer.take(event)
            return
        if answer.tools.is_first_of(event):
            await self._tool_caps.count(answer.turn, event.name)
        if (activity := answer.tools.admit(event)) is not None:
            await self._store.keep_activity(answer.turn, activity)
            if self._show_tools and not answer.is_quiet:
                await answer.surface.note(tool_status(answer.translator, activity))

    async def _refused(
        self, turn: Turn, composed: Composed, error: AivaxError, *, begun: bool = False
    ) -> Tripped | RetryAlone:
        """The circuit breaker that an error opened, or when to try again; raises the error if no waiting mends it."""
        verdict = await self._admission.refused(
            turn.id, composed.request.model, error, has_media=composed.files.has_media, begun=begun
        )
        if isinstance(verdict, RetryAlone) and verdict.again_at is None:
            raise Unanswerable(status=error.status, code=error.code, detail=error.detail) from error
        if verdict is None:
            raise error
        return verdict


class _Permit:
    """What to await before each try of a call: a free one, and that the question was not withdrawn meanwhile.

    A further try is made only where no circuit breaker has opened since.
    """

    def __init__(
        self, admission: Admission, permits: Permits, store: TurnStore, turn: Turn, model: str
    ) -> None:
        self._admission = admission
        self._permits = permits
        self._store = store
        self._turn = turn
        self._model = model
        self._tried = False
        self.cancel_request: CancelRequest | None = None
        """What the question's author wants of it, read when the call was let in."""

    async def __call__(self) -> None:
        if self._tried and not await self._admission.may_repeat(self._turn.id, self._model):
            raise RateLimited(code="breaker_tripped", retry_after_s=BEYOND_ANY_WAIT_S)
        await self._permits.spend(self._turn.id)
        if self._tried:
            self.cancel_request = await self._store.cancel_request(self._turn)
        self._tried = True
        if forgets(self.cancel_request):
            await asyncio.Event().wait()  # until the runner, which reads the same row, ends this
