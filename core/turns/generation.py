"""Getting an answer: what is asked, past the gates, into the surface as it comes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing

import structlog

from core.admission.admission import Admission, Alone
from core.admission.fair_worklist import Permits
from core.aivax.client import AivaxClient
from core.aivax.stream.events import Finished, Text, Thinking, TimelineEvent, Usage
from core.conversations.prompt import Composed, Composer, NoRoom
from core.delivery.status_line import tool_status
from core.domain.breakers import Cause, Closed
from core.domain.errors import AivaxError, RateLimited, Unanswerable
from core.domain.messages import Status, ToolActivity
from core.domain.ports import Frontend, ReplySurface
from core.domain.translator import Translator
from core.domain.turn import Turn, Wish
from core.i18n.catalog import Phrase
from core.settings import LimitsSettings
from core.storage.turns.store import TurnStore
from core.turns.draft import Draft
from core.turns.left_out_files import sentences_of

log = structlog.get_logger(__name__)

NOT_NOW_S = 3_600.0
"""Longer than any call waits for its next try: the failure of the last one stands."""


class Generation:
    """Generates the text of an answer."""

    def __init__(
        self,
        composer: Composer,
        aivax: AivaxClient,
        admission: Admission,
        store: TurnStore,
        permits: Permits,
        limits: LimitsSettings,
        *,
        show_tools: bool,
    ) -> None:
        self._composer = composer
        self._aivax = aivax
        self._admission = admission
        self._store = store
        self._permits = permits
        self._limits = limits
        self._show_tools = show_tools

    async def holding(self, turn: Turn) -> Closed | None:
        """The gate that holds the turn; asked before anything is done for it on its platform."""
        return await self._admission.holding(turn.id, lambda: self._composer.model_of(turn))

    async def let_go(self, turn: Turn) -> None:
        """The turn ends, or waits again: it is no gate's trial call any more."""
        await self._admission.let_go(turn.id)

    async def generate(
        self, turn: Turn, frontend: Frontend, surface: ReplySurface, draft: Draft, translator: Translator
    ) -> Closed | Alone | NoRoom | None:
        """Stream the answer into the surface and the draft; it is stored whole when this returns None.

        Returns the gate that holds the turn, that it is to be tried again in its own time, or that there is no room
        for its files yet: then nothing was said. Raises `AivaxError` for what no waiting mends; what was said until
        then stands in the draft.
        """
        try:
            return await self._generate(turn, frontend, surface, draft, translator)
        finally:
            self._composer.forget(turn)

    async def _generate(
        self, turn: Turn, frontend: Frontend, surface: ReplySurface, draft: Draft, translator: Translator
    ) -> Closed | Alone | NoRoom | None:
        if turn.generation > turn.unpaid:
            log.warning("turn.generated_anew", reason="begun before; paid twice if AIVAX was asked then")
        composed = await self._composer.compose(turn, frontend)
        if isinstance(composed, NoRoom):
            return composed
        if composed is None:
            draft.is_ours = True
            await self._say(surface, draft, translator.say(Phrase.GREETING))
        else:
            draft.asides += sentences_of(composed.left_out, self._limits, translator)
            closed = await self._ask(turn, surface, draft, composed, translator)
            if closed is not None:
                return closed
        if not draft.text.strip():
            draft.is_ours = True
            await self._say(surface, draft, translator.say(Phrase.ANSWER_EMPTY))
        await self._store.keep_answer(turn, draft.text, draft.usage, whole=True, ours=draft.is_ours)
        return None

    async def _ask(
        self, turn: Turn, surface: ReplySurface, draft: Draft, composed: Composed, translator: Translator
    ) -> Closed | Alone | None:
        """Ask with the files, and once more without them where the account can't pay for files alone."""
        if composed.media and not await self._admission.allows_media(turn.id, composed.minimum_usd):
            composed = _without_media(composed, draft, translator)
        closed = await self._stream(turn, surface, draft, composed, translator)
        if isinstance(closed, Closed) and closed.gate.cause is Cause.MEDIA:
            composed = _without_media(composed, draft, translator)
            closed = await self._stream(turn, surface, draft, composed, translator)
        return closed

    async def _stream(
        self, turn: Turn, surface: ReplySurface, draft: Draft, composed: Composed, translator: Translator
    ) -> Closed | Alone | None:
        model = composed.request.model
        permit = self._before_try(turn, model)
        async with aclosing(self._aivax.complete(composed.request, before_try=permit)) as timeline:
            async with self._admission.entering(turn.id, model) as held:
                if held is not None:
                    return held.closed
                try:
                    first = await anext(timeline)
                except AivaxError as error:  # learnt from before the next call is let in
                    return await self._refused(turn, composed, error)
            await self._admission.taken(turn.id, model)
            return await self._take_all(turn, surface, draft, composed, translator, first, timeline)

    async def _take_all(
        self,
        turn: Turn,
        surface: ReplySurface,
        draft: Draft,
        composed: Composed,
        translator: Translator,
        first: TimelineEvent,
        timeline: AsyncGenerator[TimelineEvent],
    ) -> Closed | Alone | None:
        """Take what comes, up to the end. Before any text a failure is learnt from, and nothing was said."""
        await self._take(turn, surface, draft, first, translator)
        heard = isinstance(first, Text | Finished)
        if heard:
            await self._admission.taken(turn.id, composed.request.model, said=True)
        try:
            async for event in timeline:
                await self._take(turn, surface, draft, event, translator)
                if not heard and isinstance(event, Text | Finished):
                    heard = True
                    await self._admission.taken(turn.id, composed.request.model, said=True)
        except AivaxError as error:
            if draft.text:
                raise
            return await self._refused(turn, composed, error, begun=True)
        return None

    def _before_try(self, turn: Turn, model: str) -> Callable[[], Awaitable[None]]:
        """What to await before each try of the call: a free one, and that the question was not withdrawn meanwhile.

        A further try is made only where no gate has closed since.
        """
        permit = self._permits.for_turn(turn.id)
        tried = False

        async def before_try() -> None:
            nonlocal tried
            if tried and not await self._admission.may_repeat(turn.id, model):
                raise RateLimited(code="gate_closed", retry_after_s=NOT_NOW_S)
            await permit()
            tried = True
            if await self._store.wish(turn) is Wish.WITHDRAW:
                await asyncio.Event().wait()  # until the runner, which reads the same row, ends this

        return before_try

    async def _refused(
        self, turn: Turn, composed: Composed, error: AivaxError, *, begun: bool = False
    ) -> Closed | Alone:
        """The gate that an error closed, or when to try again; raises the error if no waiting mends it."""
        verdict = await self._admission.refused(
            turn.id, composed.request.model, error, has_media=bool(composed.media), begun=begun
        )
        if isinstance(verdict, Alone) and verdict.again_at is None:
            raise Unanswerable(status=error.status, code=error.code, detail=error.detail) from error
        if verdict is None:
            raise error
        return verdict

    async def _take(
        self, turn: Turn, surface: ReplySurface, draft: Draft, event: TimelineEvent, translator: Translator
    ) -> None:
        match event:
            case Text(delta):
                draft.add(delta)
                await surface.write(delta)
            case Thinking() if not draft.thinking:
                draft.thinking = True
                await surface.note(Status(translator.say(Phrase.THINKING)))
            case ToolActivity() if (activity := draft.tools.admit(event)) is not None:
                await self._store.keep_activity(turn, activity)
                if self._show_tools:
                    await surface.note(tool_status(translator, activity))
            case Usage():
                draft.usage = event
            case Finished(reason):
                draft.reason = reason
            case _:
                pass

    async def _say(self, surface: ReplySurface, draft: Draft, sentence: str) -> None:
        draft.add(sentence)
        await surface.write(sentence)


def _without_media(composed: Composed, draft: Draft, translator: Translator) -> Composed:
    draft.aside(translator.say(Phrase.WITHOUT_MEDIA, names=", ".join(composed.media)))
    return composed.without_media()
