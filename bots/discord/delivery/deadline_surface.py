"""An answer that has to end at a certain time, whole or not."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import ParamSpec, Self

from bots.discord.transport.timing import Timing
from core.delivery.forwarding import ForwardingSurface
from core.domain import Apology, ReplySurface
from core.util.log import log

P = ParamSpec("P")


class DeadlineSurface(ForwardingSurface):
    """Implements `core.domain.ports.ReplySurface` over another one, which it closes when the time has come.

    What was said until then stays, with a sentence below it; what comes later is not shown.
    """

    def __init__(self, inner: ReplySurface, ends_at: float, sentence: str, timing: Timing) -> None:
        """`ends_at` is in Unix seconds."""
        super().__init__(inner)
        self._ends_at = ends_at
        self._sentence = sentence
        self._timing = timing
        self._closing = False
        self._ended = False
        self._clock: asyncio.Task[None]

    async def __aenter__(self) -> Self:
        await self._inner.__aenter__()
        self._clock = asyncio.create_task(self._end_in_time())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._clock.cancel()
        await asyncio.wait([self._clock])
        await self._inner.__aexit__(kind, error, trace)

    async def _close(self, step: Callable[P, Awaitable[object]], *args: P.args, **kwargs: P.kwargs) -> None:
        """Close the answer; where its time was over before, wait until the reader has seen that."""
        self._closing = not self._ended
        if self._ended:
            await asyncio.wait([self._clock])
        await super()._close(step, *args, **kwargs)

    async def _forward(self, step: Callable[P, Awaitable[object]], *args: P.args, **kwargs: P.kwargs) -> None:
        """Take a step while there is time, and none later. Raises what went wrong at the end."""
        if self._ended and self._clock.done():
            self._clock.result()
        if not self._ended:
            await super()._forward(step, *args, **kwargs)

    async def _end_in_time(self) -> None:
        while (left_s := self._ends_at - self._timing.wall()) > 0:
            await self._timing.sleep(left_s)
        if not self._closing:
            self._ended = True
            log.info("discord.answer_ended_early")
            await self._inner.fail(Apology(self._sentence))
