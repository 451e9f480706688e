"""The client of AIVAX, and of other OpenAI-compatible servers."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from contextlib import aclosing, closing
from dataclasses import replace
from typing import Self

from core.aivax import keys
from core.aivax.account import AccountClient
from core.aivax.addresses import BaseAddress, mended
from core.aivax.admin import AdminRoutes
from core.aivax.completion import Completion
from core.aivax.deadlines import ANSWER_WHOLE
from core.aivax.knowledge.client import KnowledgeClient
from core.aivax.media.client import MediaClient
from core.aivax.media.linked_files import LinkedFiles
from core.aivax.network.call_spans import CallSpan
from core.aivax.request import CompletionRequest, Dialect, dialect_of
from core.aivax.services.batch import BatchClient
from core.aivax.stream.bounds import DEFAULT_BOUNDS, AnswerBounds
from core.aivax.stream.events import TimelineEvent
from core.aivax.transport import Reply, Transport, Wire
from core.domain import AddressWrong, AivaxError, AnswerCut, RateLimited, Unavailable
from core.domain.metrics import NO_METER, Meter
from core.settings import AivaxSettings
from core.util.log import log

_SHORT_WAIT_S = 5.0
_MOST_WAITS = 3

Permit = Callable[[], Awaitable[None]]
"""Asked before a try; raises `RateLimited`, with `retry_after_s`, when it may not be made now."""


def _with_addresses(settings: AivaxSettings, base_url: str) -> AivaxSettings:
    """The settings with their addresses as they are used."""
    return settings.model_copy(update={"base_url": base_url, "direct_url": mended(settings.direct_url)})


async def _always() -> None:
    pass


def _broken(call: Completion, error: AivaxError) -> Iterator[TimelineEvent]:
    yield from call.parser.rest()
    raise error


class AivaxClient:
    """Asks one AIVAX account, or another OpenAI-compatible server: `async with AivaxClient(settings) as aivax`."""

    def __init__(
        self,
        settings: AivaxSettings,
        *,
        transport: Transport | None = None,
        bounds: AnswerBounds = DEFAULT_BOUNDS,
        meter: Meter = NO_METER,
        now: Callable[[], float] = time.time,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        """`now` gives epoch seconds, `jitter` something from 0 to 1. `bounds`: of an answer's text and of one file.

        Raises:
            SettingRefused: a URL or a key that can't be sent.
        """
        keys.check_sendable(settings.api_key)
        self._base = BaseAddress(settings.base_url)
        self._settings = settings = _with_addresses(settings, self._base.current)
        self._wire = Wire(settings, transport=transport, now=now, meter=meter)
        self.account = AccountClient(settings, self._wire, self._base)
        self.admin = AdminRoutes(settings, self._wire, self._base, sleep=sleep, jitter=jitter)
        self.knowledge = KnowledgeClient(self.admin)
        self.media = MediaClient(self.admin)
        self.batch = BatchClient(self.admin)
        self.links = LinkedFiles(settings, transport=transport, own_address=lambda: self._base.current)
        self._sleep = sleep
        self._jitter = jitter
        self._bounds = replace(bounds, body_bytes=settings.answer_bytes)
        self._kind = keys.kind_of(settings.api_key)
        self._unopened: set[str] = set()
        """Models that were seen to close thinking that they had not opened."""
        self._dialect = dialect_of(self._kind, settings.base_url)

    @property
    def speaks_aivax(self) -> bool:
        """Whether it is AIVAX, with a key that may have all of it."""
        return self._dialect is Dialect.AIVAX

    def __repr__(self) -> str:
        return f"AivaxClient(base_url={self._settings.base_url!r}, key={self._kind.value!r})"

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_error: object) -> None:
        await self.links.aclose()
        await self._wire.aclose()

    async def complete(
        self, request: CompletionRequest, *, before_try: Permit = _always
    ) -> AsyncGenerator[TimelineEvent]:
        """Ask, and yield the answer as it comes; the last event is `Finished`. Use under `contextlib.aclosing`.

        A passing failure is retried until the first visible text, so thinking and tools of a failed try may have
        been yielded; tools that it left open are yielded once more, as failed. `before_try` is awaited before
        each try and raises `RateLimited` when none may be made: a short wait is waited out, for a longer one the
        last try's error stands, or, where there was none yet, its own.

        Raises:
            AivaxError: `AnswerBroken` once text was said; before it the error of the status, with
                `retry_after_s` where the wait is longer than the budget for retries.
        """
        call = Completion(request, self._settings, self._dialect, self._jitter, self._bounds)
        call.bases = [self._base.current]
        call.is_open = call.model in self._unopened
        failure: AivaxError | None = None
        with closing(call.deadlines):
            while True:
                await self._be_permitted(call, before_try, failure)
                try:
                    with CallSpan(call) as traced:
                        async with aclosing(self._try(call)) as events:
                            async for event in events:
                                traced.take(event)
                                yield event
                except AivaxError as error:
                    failure = call.judged(error if call.is_direct else self._base.judged(error))
                else:
                    return
                await self._recover(call, failure)
                for activity in call.dropped_tools():
                    yield activity

    async def _be_permitted(self, call: Completion, before_try: Permit, failure: AivaxError | None) -> None:
        for _ in range(_MOST_WAITS):
            try:
                await before_try()
            except RateLimited as refusal:
                delay_s = refusal.retry_after_s or 0.0
                if delay_s > _SHORT_WAIT_S:
                    raise failure or refusal from None
                failure = failure or refusal
                await self._sleep(delay_s)
                call.deadlines.slept(delay_s)
            else:
                return
        if failure is not None:
            raise failure

    async def _try(self, call: Completion) -> AsyncGenerator[TimelineEvent]:
        call.begin_try()
        async with self._wire.post(call.url, call.body(), call.deadlines, call.clean) as reply:
            self._learn(call)
            call.parser.credits_spent = reply.credits_spent
            while not call.parser.ended:
                for event in await self._next(call, reply):
                    self._prove(call)
                    yield event
            self._learn_thinking(call)
            if not call.parser.overlong:
                await reply.drain()

    async def _next(self, call: Completion, reply: Reply) -> Iterator[TimelineEvent]:
        """Read on; what is still held back of the answer is said before an error."""
        try:
            data = await self._read(call, reply)
        except AivaxError as error:
            return _broken(call, error)
        return call.parser.feed(data) if data else call.parser.close()

    async def _read(self, call: Completion, reply: Reply) -> bytes:
        """Read on; a connection that breaks or falls silent after the finish reason has simply ended.

        Where the answer went on behind such a reason before, only silence tells that it has.
        """
        call.mind_the_tail()
        try:
            return await reply.read()
        except Unavailable as error:
            if call.parser.whole and not (call.parser.is_disproved and error.code != ANSWER_WHOLE):
                return b""
            cut = AnswerCut(status=error.status, code=error.code, detail=error.detail)
            raise cut if call.parser.said else error from None

    async def _recover(self, call: Completion, error: AivaxError) -> None:
        """Prepare the next try, or raise the error."""
        if call.parser.said or call.deadlines.exhausted:
            raise error
        if call.go_direct(error):
            log.info("aivax.direct_host", key=call.key, status=error.status)
            return
        if isinstance(error, AddressWrong) and not call.is_direct:
            self._turn(call, error)
            return
        if call.go_bare(error):
            return
        if call.go_without_time_zone(error):
            log.warning("aivax.time_zone_refused", key=call.key, cause=str(error))
            return
        delay_s = call.retries.delay_s(error, call.deadlines.waited_s)
        if delay_s is None:
            raise error
        log.info(
            "aivax.retry",
            key=call.key,
            error=type(error).__name__,
            status=error.status,
            code=error.code,
            delay_s=round(delay_s, 3),
            next_try=call.retries.tries,
        )
        await self._sleep(delay_s)
        call.deadlines.slept(delay_s)

    def _turn(self, call: Completion, error: AddressWrong) -> None:
        """Turn to what else the base address may mean, or raise what the configured one answered."""
        call.misled = call.misled or error
        other = self._base.after(call.bases, error)
        if other is None:
            raise call.misled
        call.go_to(other)

    def _prove(self, call: Completion) -> None:
        if not call.is_direct:
            self._base.prove(call.bases[-1])

    def _learn(self, call: Completion) -> None:
        if call.dialect is not self._dialect:
            self._dialect = call.dialect
            log.info("aivax.switched_off", what="optional parameters", why="the server refuses them")

    def _learn_thinking(self, call: Completion) -> None:
        """Remember a model whose thinking lacks the opening tag: its next answers are shown from the closing one on."""
        if call.model not in self._unopened and call.parser.lacked_opening:
            self._unopened.add(call.model)
            log.info(
                "aivax.thinking_unopened",
                key=call.key,
                what="answers are held until their thinking is closed",
            )
