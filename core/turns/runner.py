"""One turn, top to bottom: context, answer, surface, and what is left behind."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

import structlog

from core.admission.admission import Alone
from core.aivax.stream.bounds import OVERLONG
from core.conversations.prompt import NoRoom
from core.delivery.buttons import buttons
from core.delivery.error_messages import apologise, apologise_for_waiting
from core.domain.breakers import Cause, Closed
from core.domain.errors import (
    AivaxError,
    BotError,
    CutShort,
    Fenced,
    MessageRefused,
    OddAnswer,
    PlaceClosed,
    PlatformError,
    StorageError,
)
from core.domain.messages import Action, Apology, Footer
from core.domain.ports import Frontend, ReplySurface
from core.domain.translator import Translator
from core.domain.turn import Turn, TurnState, Wish
from core.i18n.catalog import Phrase
from core.i18n.translators import Translators
from core.settings import LimitsSettings, RepliesSettings
from core.storage.db.cancel_safe import settled
from core.storage.db.engine import Database
from core.storage.turns.ledger import StoredLedger
from core.storage.turns.store import TurnStore
from core.turns.cancellation import Interruptions
from core.turns.draft import Draft
from core.turns.generation import Generation
from core.turns.refused_answer import Untaken

log = structlog.get_logger(__name__)

BROKEN_OFF = {
    Wish.STOP: (Phrase.STOPPED, TurnState.CANCELLED),
    Wish.INTERRUPT: (Phrase.INTERRUPTED, TurnState.SUPERSEDED),
    Wish.CHANGE: (Phrase.QUESTION_CHANGED, TurnState.SUPERSEDED),
    Wish.WITHDRAW: (Phrase.QUESTION_DELETED, TurnState.CANCELLED),
}
"""What is said below an answer that is broken off, and how its turn ends."""
FIRST_DELAY_S = 2.0
LONGEST_DELAY_S = 300.0


class _Stopped(CutShort):
    """A whole answer is to be shown no further."""

    def __init__(self, turn: Turn, wish: Wish, text: str) -> None:
        super().__init__(turn.id, turn.attempt)
        self.wish = wish
        self.text = text


class Runner:
    """Runs claimed turns. Whatever happens, a turn ends, or goes back to wait for another try."""

    def __init__(
        self,
        *,
        database: Database,
        store: TurnStore,
        generation: Generation,
        frontends: Mapping[str, Frontend],
        translators: Translators,
        limits: LimitsSettings,
        replies: RepliesSettings,
        interruptions: Interruptions,
        now: Callable[[], datetime],
        stir: Callable[[], None],
    ) -> None:
        """`stir` has the rows read for turns that may run now."""
        self._stir = stir
        self._database = database
        self._interruptions = interruptions
        self._during = [Action.STOP] if "stop" in replies.buttons else []
        self._after = [Action(each) for each in replies.buttons if each != "stop"]
        self._store = store
        self._generation = generation
        self._frontends = frontends
        self._translators = translators
        self._limits = limits
        self._replies = replies
        self._now = now
        self._untaken = Untaken(store, self._show, self._after)

    async def run(self, turn: Turn) -> None:
        """Bring a claimed turn to its end, or back into the line when the platform can't take the answer now."""
        with structlog.contextvars.bound_contextvars(turn=turn.id, attempt=turn.attempt):
            try:
                await self._run_or_tell(turn)
            except Fenced:
                log.warning("turn.fenced")
            except PlaceClosed as error:
                log.warning("turn.undeliverable", cause=str(error))
                await self._store.close(turn, TurnState.FAILED, failure=type(error).__name__)
            except (PlatformError, TimeoutError) as error:
                await self._later(turn, error)
            except asyncio.CancelledError:
                await settled(self._hand_over(turn))
                raise

    async def _run_or_tell(self, turn: Turn) -> None:
        try:
            await self._run(turn)
        except (MessageRefused, OddAnswer) as error:
            await self._untaken.end(turn, error, self._translator(turn))

    async def _hand_over(self, turn: Turn) -> None:
        """Put the turn back for whoever comes next; who can't, leaves it to be found when its lease ran out."""
        try:
            await self._store.release(turn, self._now(), counts=False)
        except (Fenced, StorageError) as error:
            log.warning("turn.left_behind", cause=str(error))
        else:
            log.info("turn.handed_over")

    async def _run(self, turn: Turn) -> None:
        frontend = self._frontends[turn.place.platform]
        if turn.ended_by is not None:
            await self._close_early(turn, turn.ended_by, turn.answer or "")
            return
        try:
            if self._is_to_ask(turn) and (closed := await self._generation.holding(turn)) is not None:
                async with asyncio.timeout(self._limits.turn_timeout_s):
                    await self._wait(turn, frontend, closed)
            else:
                await self._show(turn, lambda surface: self._speak(turn, frontend, surface))
        except _Stopped as stopped:
            await self._close_early(turn, stopped.wish, stopped.text)
        finally:
            await self._generation.let_go(turn)

    def _is_to_ask(self, turn: Turn) -> bool:
        return turn.answer is None and turn.tries <= self._limits.attempts

    async def _show(self, turn: Turn, show: Callable[[ReplySurface], Awaitable[None]]) -> None:
        async with asyncio.timeout(self._limits.turn_timeout_s):
            async with self._surface(turn, self._frontends[turn.place.platform]) as surface:
                await show(surface)

    @asynccontextmanager
    async def _surface(self, turn: Turn, frontend: Frontend) -> AsyncIterator[ReplySurface]:
        ledger = await StoredLedger.open(self._database, turn)
        async with frontend.reply_to(turn.address, ledger) as surface:
            yield surface

    async def _speak(self, turn: Turn, frontend: Frontend, surface: ReplySurface) -> None:
        if turn.answer is not None:
            await surface.write(turn.answer)
            offers = turn.offers
            if not turn.notice and await self._store.is_the_models(turn):
                offers = tuple(self._after)
            footer = Footer(buttons=buttons(offers, turn.key, self._translator(turn)))
            await self._deliver(turn, surface, turn.answer, footer)
        elif not self._is_to_ask(turn):
            await self._give_up(turn, surface)
        else:
            await self._answer(turn, frontend, surface)

    async def _answer(self, turn: Turn, frontend: Frontend, surface: ReplySurface) -> None:
        draft, translator = Draft(self._limits), self._translator(turn)
        closed: Closed | Alone | NoRoom | None = None
        is_whole = False
        try:
            async with self._interruptions.ending(turn) as interruption:
                await surface.offer(buttons(self._during, turn.key, translator))
                closed = await self._generation.generate(turn, frontend, surface, draft, translator)
                is_whole = closed is None
        except (Fenced, PlatformError, StorageError, TimeoutError):
            raise
        except BotError as error:
            await self._fail(turn, surface, error, draft)
            return
        except Exception as error:  # noqa: BLE001  a bug must still end in a sentence; the log has the rest
            await self._fail(turn, surface, error, draft)
            return
        if is_whole:
            await self._deliver(turn, surface, draft.text, self._footer(turn, draft))
            log.info("turn.answered", characters=len(draft.text), place=turn.place.platform)
        elif interruption.wish is not None:
            await self._break_off(turn, surface, draft, interruption.wish)
        elif isinstance(closed, NoRoom):
            await self._store.release(turn, self._now(), counts=False, unpaid=True)
            self._stir()  # the call that was promised to it is free again
        elif isinstance(closed, Alone):
            await self._store.release(turn, closed.again_at or self._now(), counts=False, unpaid=True)
        elif closed is not None:
            await self._wait(turn, frontend, closed, surface)

    async def _deliver(self, turn: Turn, surface: ReplySurface, text: str, footer: Footer) -> None:
        """Show a whole answer to its end, unless a stop comes before that end does. Raises `_Stopped` then."""
        if turn.notice:
            await surface.finish(footer)
        else:
            is_shown = False
            async with self._interruptions.ending(turn, whole=True) as interruption:
                await surface.finish(footer)
                is_shown = True
            if not is_shown and interruption.wish is not None:
                raise _Stopped(turn, interruption.wish, text)
        await self._store.close(turn, TurnState.ANSWERED)

    async def _close_early(self, turn: Turn, wish: Wish, text: str) -> None:
        """Close an answer as it stands on the screen: what is not shown yet of its text is never shown."""
        ledger = await StoredLedger.open(self._database, turn)
        current = [each.shown for each in ledger.earlier if each.generation == ledger.generation]
        draft = Draft()
        draft.add(text[: max(current, default=0)])

        async def close(surface: ReplySurface) -> None:
            await surface.write(draft.text)
            await self._break_off(turn, surface, draft, wish, stands=bool(ledger.earlier))

        await self._show(turn, close)

    async def _break_off(
        self, turn: Turn, surface: ReplySurface, draft: Draft, wish: Wish, *, stands: bool = False
    ) -> None:
        """Close an answer that nobody wants the rest of; what was said stays, and a sentence says why it ends.

        `stands`: something is shown already that the sentence takes the place of, such as a promise.
        """
        phrase, state = BROKEN_OFF[wish]
        translator, said = self._translator(turn), bool(draft.text.strip())
        kept = draft.text if wish in (Wish.STOP, Wish.INTERRUPT) else ""
        await self._store.keep_answer(turn, kept, draft.usage, whole=False)
        sentence = translator.say(phrase) if said or stands or wish is Wish.STOP else ""
        again = [action for action in self._after if action is Action.REGENERATE and wish is Wish.STOP]
        await surface.fail(Apology(sentence, buttons=buttons(again, turn.key, translator)))
        await self._store.close(turn, state)
        log.info("turn.broken_off", wish=wish, characters=len(draft.text))

    async def _wait(
        self, turn: Turn, frontend: Frontend, closed: Closed, surface: ReplySurface | None = None
    ) -> None:
        """A gate holds the turn: it goes back into the line for a moment, or is parked and its author told once.

        Without a `surface`, nothing was done on the platform yet, and nothing is unless there is something to say.
        """
        gate = closed.gate
        told = await self._store.told_before(turn, gate.name, closed.since)
        if turn.id not in told and (again_at := self._soon(turn, closed)) is not None:
            await self._store.hold(turn, gate.name, again_at)
            return
        wish = await self._store.wish(turn)
        if wish is not None and wish.ends_answer:
            if surface is None:
                await self._close_early(turn, wish, "")
            else:
                await self._break_off(turn, surface, Draft(), wish)
            return
        silent = turn.id in told or (bool(told) and not turn.announced and await frontend.sign(turn.address))
        if wish is not Wish.DROP and not silent:
            apology = apologise_for_waiting(closed, self._translator(turn), self._now(), turn.key)
            async with self._given(turn, frontend, surface) as shown:
                await shown.fail(apology)
        await self._store.park(turn, gate.name)
        log.info("turn.parked", gate=gate.name)

    def _soon(self, turn: Turn, closed: Closed) -> datetime | None:
        """When a turn comes back that is held for a moment only, in silence; None if its author is to be told."""
        if closed.gate.cause not in (Cause.RATE, Cause.OUTAGE):
            return None
        patience = timedelta(seconds=self._limits.silent_wait_s)
        if closed.retry_at - self._now() <= patience:
            return closed.retry_at
        was_patient = self._now() - turn.created_at >= 2 * patience
        return None if was_patient or not closed.is_tried else self._now() + patience

    @asynccontextmanager
    async def _given(
        self, turn: Turn, frontend: Frontend, surface: ReplySurface | None
    ) -> AsyncIterator[ReplySurface]:
        """The surface that is there, or one that is opened now."""
        if surface is not None:
            yield surface
            return
        async with self._surface(turn, frontend) as opened:
            yield opened

    async def _fail(self, turn: Turn, surface: ReplySurface, error: Exception, draft: Draft) -> None:
        reference = secrets.token_hex(4)
        if isinstance(error, AivaxError):
            log.error("turn.failed", error=type(error).__name__, cause=str(error), reference=reference)
        else:
            log.error("turn.failed", error=type(error).__name__, reference=reference, exc_info=error)
        await self._store.keep_answer(turn, draft.text, draft.usage, whole=False)
        await self._apologise(
            turn, surface, apologise(error, self._translator(turn), reference), type(error).__name__
        )

    async def _give_up(self, turn: Turn, surface: ReplySurface) -> None:
        reference = secrets.token_hex(4)
        log.error("turn.given_up", tries=turn.tries - 1, reference=reference)
        apology = Apology(self._translator(turn).say(Phrase.GAVE_UP, reference=reference), reference)
        await self._apologise(turn, surface, apology, "GaveUp")

    async def _apologise(self, turn: Turn, surface: ReplySurface, apology: Apology, failure: str) -> None:
        await surface.fail(apology)
        await self._store.close(turn, TurnState.FAILED, failure=failure, reference=apology.reference)

    async def _later(self, turn: Turn, error: PlatformError | TimeoutError) -> None:
        """The platform can't take it now: the turn waits, and no try is used up, until it is too old."""
        wanted = error.retry_after_s if isinstance(error, PlatformError) else None
        delay_s = wanted or min(FIRST_DELAY_S * 2 ** min(turn.attempt - turn.unpaid, 10), LONGEST_DELAY_S)
        if self._now() - turn.created_at > timedelta(hours=self._limits.delivery_hours):
            log.error("turn.undeliverable", cause=str(error), setting="[limits] delivery_hours")
            await self._store.close(turn, TurnState.FAILED, failure=type(error).__name__)
            return
        log.warning("turn.delayed", cause=str(error) or type(error).__name__, delay_s=delay_s)
        due_at = self._now() + timedelta(seconds=delay_s)
        await self._store.release(turn, due_at, counts=isinstance(error, TimeoutError))

    def _footer(self, turn: Turn, draft: Draft) -> Footer:
        translator = self._translator(turn)
        notes = list(draft.asides)
        if draft.reason in ("length", OVERLONG):
            notes.append(translator.say(Phrase.LENGTH_REACHED))
        if draft.reason == "content_filter":
            notes.append(translator.say(Phrase.CONTENT_FILTERED))
        if self._replies.footer and draft.usage is not None:
            tokens = draft.usage.prompt_tokens + draft.usage.completion_tokens
            notes.append(translator.say(Phrase.COST, model=draft.usage.model, tokens=tokens))
        after = () if draft.is_ours else self._after
        return Footer(" ".join(notes), buttons(after, turn.key, translator))

    def _translator(self, turn: Turn) -> Translator:
        return self._translators.for_reader(turn.author.locale, turn.place)
