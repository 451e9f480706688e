"""An answer that has to end at a certain time, whole or not."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from types import TracebackType
from typing import Self

import structlog

from bots.discord.transport.timing import Timing
from core.domain.messages import Apology, Button, Footer, Status
from core.domain.ports import ReplySurface

log = structlog.get_logger(__name__)


class EndingSurface:
    """Implements `core.domain.ports.ReplySurface` over another one, which it closes when the time has come.

    What was said until then stays, with a sentence below it; what comes later is not shown.
    """

    def __init__(self, inner: ReplySurface, ends_at: float, sentence: str, timing: Timing) -> None:
        """`ends_at` is in Unix seconds."""
        self._inner = inner
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

    async def write(self, delta: str) -> None:
        if self._goes_on():
            await self._inner.write(delta)

    async def note(self, status: Status) -> None:
        if self._goes_on():
            await self._inner.note(status)

    async def offer(self, buttons: Sequence[Button]) -> None:
        if self._goes_on():
            await self._inner.offer(buttons)

    async def pause(self) -> None:
        if self._goes_on():
            await self._inner.pause()

    async def finish(self, footer: Footer) -> None:
        if self._goes_on():
            self._closing = True
            await self._inner.finish(footer)
        else:
            await self._shown()

    async def fail(self, apology: Apology) -> None:
        if self._goes_on():
            self._closing = True
            await self._inner.fail(apology)
        else:
            await self._shown()

    def _goes_on(self) -> bool:
        """Tell whether there is still time. Raises what went wrong at the end."""
        if self._ended and self._clock.done():
            self._clock.result()
        return not self._ended

    async def _shown(self) -> None:
        """Wait until the reader has seen the end."""
        await asyncio.wait([self._clock])
        self._clock.result()

    async def _end_in_time(self) -> None:
        while (left_s := self._ends_at - self._timing.wall()) > 0:
            await self._timing.sleep(left_s)
        if not self._closing:
            self._ended = True
            log.info("discord.answer_ended_early")
            await self._inner.fail(Apology(self._sentence))
