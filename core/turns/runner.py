"""One turn, top to bottom: context, answer, surface, and what is left behind."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Mapping
from contextlib import aclosing
from datetime import datetime, timedelta

import structlog

from core.aivax.client import AivaxClient
from core.aivax.timeline import Finished, Text, Thinking, Usage
from core.conversations.prompt import Composer
from core.errors import AivaxError, BotError, Fenced, PlaceClosed, PlatformError
from core.messages import Apology, Footer, Status, ToolActivity
from core.ports import Frontend, ReplySurface
from core.reply.apology import apologise
from core.reply.phrases import Phrase, Voice
from core.reply.status import tool_status
from core.settings import LimitsSettings, RepliesSettings
from core.storage.engine import Database
from core.storage.ledger import StoredLedger
from core.storage.turns import TurnStore
from core.turns.draft import Draft
from core.turns.model import Turn, TurnState

log = structlog.get_logger(__name__)

FIRST_DELAY_S = 2.0
LONGEST_DELAY_S = 300.0


class Runner:
    """Runs claimed turns. Whatever happens, a turn ends, or goes back to wait for another try."""

    def __init__(
        self,
        *,
        database: Database,
        store: TurnStore,
        composer: Composer,
        aivax: AivaxClient,
        frontends: Mapping[str, Frontend],
        voice: Voice,
        limits: LimitsSettings,
        replies: RepliesSettings,
        now: Callable[[], datetime],
    ) -> None:
        self._database = database
        self._store = store
        self._composer = composer
        self._aivax = aivax
        self._frontends = frontends
        self._voice = voice
        self._limits = limits
        self._replies = replies
        self._now = now

    async def run(self, turn: Turn) -> None:
        """Bring a claimed turn to its end, or back into the line when the platform can't take the answer now."""
        with structlog.contextvars.bound_contextvars(turn=turn.id, attempt=turn.attempt):
            try:
                await self._run(turn)
            except Fenced:
                log.warning("turn.fenced")
            except PlaceClosed as error:
                log.warning("turn.undeliverable", cause=str(error))
                await self._store.close(turn, TurnState.FAILED, failure=type(error).__name__)
            except (PlatformError, TimeoutError) as error:
                await self._later(turn, error)
            except asyncio.CancelledError:
                log.info("turn.handed_over")
                await self._store.release(turn, self._now(), counts=False)
                raise

    async def _run(self, turn: Turn) -> None:
        frontend = self._frontends[turn.place.platform]
        ledger = await StoredLedger.open(self._database, turn)
        async with asyncio.timeout(self._limits.turn_timeout_s):
            async with frontend.reply_to(turn.address, ledger) as surface:
                await self._speak(turn, frontend, surface)

    async def _speak(self, turn: Turn, frontend: Frontend, surface: ReplySurface) -> None:
        if turn.answer is not None:
            await surface.write(turn.answer)
            await surface.finish(Footer())
            await self._store.close(turn, TurnState.ANSWERED)
        elif turn.tries > self._limits.attempts:
            await self._give_up(turn, surface)
        else:
            await self._answer(turn, frontend, surface)

    async def _answer(self, turn: Turn, frontend: Frontend, surface: ReplySurface) -> None:
        draft = Draft()
        try:
            await self._generate(turn, frontend, surface, draft)
        except (Fenced, PlatformError, TimeoutError):
            raise
        except BotError as error:
            await self._fail(turn, surface, error, draft)
            return
        except Exception as error:  # noqa: BLE001  a bug must still end in a sentence; the log has the rest
            await self._fail(turn, surface, error, draft)
            return
        await surface.finish(self._footer(draft))
        await self._store.close(turn, TurnState.ANSWERED)
        log.info("turn.answered", characters=len(draft.text), place=turn.place.platform)

    async def _generate(self, turn: Turn, frontend: Frontend, surface: ReplySurface, draft: Draft) -> None:
        """Stream the answer into the surface; when this returns it is stored whole."""
        if turn.generation:
            log.warning("turn.generated_anew", reason="cut off by a crash; it may be paid twice")
        composed = await self._composer.compose(turn, frontend)
        if composed is None:
            draft.add(self._voice.say(Phrase.GREETING))
            await surface.write(draft.text)
        else:
            for name in composed.skipped:
                draft.aside(self._voice.say(Phrase.ATTACHMENT_SKIPPED, name=name))
            async with aclosing(self._aivax.complete(composed.request)) as timeline:
                async for event in timeline:
                    await self._take(turn, surface, draft, event)
        if not draft.text.strip():
            draft.add(self._voice.say(Phrase.ANSWER_EMPTY))
            await surface.write(draft.text)
        await self._store.keep_answer(turn, draft.text, draft.usage, whole=True)

    async def _take(self, turn: Turn, surface: ReplySurface, draft: Draft, event: object) -> None:
        match event:
            case Text(delta):
                draft.add(delta)
                await surface.write(delta)
            case Thinking() if not draft.thinking:
                draft.thinking = True
                await surface.note(Status(self._voice.say(Phrase.THINKING)))
            case ToolActivity():
                await self._store.keep_activity(turn, event)
                if self._replies.show_tools:
                    await surface.note(tool_status(self._voice, event))
            case Usage():
                draft.usage = event
            case Finished(reason):
                draft.reason = reason
            case _:
                pass

    async def _fail(self, turn: Turn, surface: ReplySurface, error: Exception, draft: Draft) -> None:
        reference = secrets.token_hex(4)
        if isinstance(error, AivaxError):
            log.error("turn.failed", error=type(error).__name__, cause=str(error), reference=reference)
        else:
            log.error("turn.failed", error=type(error).__name__, reference=reference, exc_info=error)
        await self._store.keep_answer(turn, draft.text, draft.usage, whole=False)
        await self._apologise(turn, surface, apologise(error, self._voice, reference), type(error).__name__)

    async def _give_up(self, turn: Turn, surface: ReplySurface) -> None:
        reference = secrets.token_hex(4)
        log.error("turn.given_up", tries=turn.tries - 1, reference=reference)
        apology = Apology(self._voice.say(Phrase.GAVE_UP, reference=reference), reference)
        await self._apologise(turn, surface, apology, "GaveUp")

    async def _apologise(self, turn: Turn, surface: ReplySurface, apology: Apology, failure: str) -> None:
        await surface.fail(apology)
        await self._store.close(turn, TurnState.FAILED, failure=failure, reference=apology.reference)

    async def _later(self, turn: Turn, error: PlatformError | TimeoutError) -> None:
        """The platform can't take it now: the turn waits, and no try is used up, until it is too old."""
        wanted = error.retry_after_s if isinstance(error, PlatformError) else None
        delay_s = wanted or min(FIRST_DELAY_S * 2 ** min(turn.attempt, 10), LONGEST_DELAY_S)
        if self._now() - turn.created_at > timedelta(hours=self._limits.delivery_hours):
            log.error("turn.undeliverable", cause=str(error), setting="[limits] delivery_hours")
            await self._store.close(turn, TurnState.FAILED, failure=type(error).__name__)
            return
        log.warning("turn.delayed", cause=str(error) or type(error).__name__, delay_s=delay_s)
        due_at = self._now() + timedelta(seconds=delay_s)
        await self._store.release(turn, due_at, counts=isinstance(error, TimeoutError))

    def _footer(self, draft: Draft) -> Footer:
        notes = list(draft.asides)
        if draft.reason == "length":
            notes.append(self._voice.say(Phrase.LENGTH_REACHED))
        if draft.reason == "content_filter":
            notes.append(self._voice.say(Phrase.CONTENT_FILTERED))
        if self._replies.footer and draft.usage is not None:
            tokens = draft.usage.prompt_tokens + draft.usage.completion_tokens
            notes.append(self._voice.say(Phrase.COST, model=draft.usage.model, tokens=tokens))
        return Footer(" ".join(notes))
