"""Asks for completions, and tries again: what brings an answer. Nothing of it is needed before the first question."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from contextlib import aclosing, closing

from core.aivax import keys
from core.aivax.addresses import BaseAddress
from core.aivax.completions.completion import Completion
from core.aivax.deadlines import ANSWER_WHOLE
from core.aivax.network.call_spans import CallSpan
from core.aivax.request import CompletionRequest, Dialect, dialect_of
from core.aivax.stream.bounds import AnswerBounds
from core.aivax.stream.events import TimelineEvent
from core.aivax.transport import Reply, Wire
from core.domain import AddressWrong, AivaxError, AnswerCut, RateLimited, Unavailable
from core.settings import AivaxSettings
from core.util.log import log

_SHORT_WAIT_S = 5.0
_MOST_WAITS = 3

Permit = Callable[[], Awaitable[None]]
"""Asked before a try; raises `RateLimited`, with `retry_after_s`, when it may not be made now."""


def _broken(call: Completion, error: AivaxError) -> Iterator[TimelineEvent]:
    yield from call.parser.rest()
    raise error


class Completions:
    """The completions of one account; it learns what its server and its models can't do."""

    def __init__(
        self,
        settings: AivaxSettings,
        wire: Wire,
        base: BaseAddress,
        bounds: AnswerBounds,
        *,
        sleep: Callable[[float], Awaitable[object]],
        jitter: Callable[[], float],
    ) -> None:
        """`settings` have their addresses as they are used; `jitter` gives something from 0 to 1."""
        self._settings = settings
        self._wire = wire
        self._base = base
        self._bounds = bounds
        self._sleep = sleep
        self._jitter = jitter
        self._unopened: set[str] = set()
        """Models that were seen to close thinking that they had not opened."""
        self._dialect = dialect_of(keys.kind_of(settings.api_key), settings.base_url)

    @property
    def speaks_aivax(self) -> bool:
        """Whether it is AIVAX, with a key that may have all of it, as far as is known by now."""
        return self._dialect is Dialect.AIVAX

    async def complete(self, request: CompletionRequest, before_try: Permit) -> AsyncGenerator[TimelineEvent]:
        """Ask, and yield the answer as it comes: see `core.aivax.client.AivaxClient.complete`."""
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
