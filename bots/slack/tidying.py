"""The signs of work go when an answer begins, or ends otherwise: the hourglass on its question, the line below it.

Both may stand there from an attempt whose process is gone, whose last call nobody heard the end of. So an attempt that
is not the first takes away what an earlier one may have shown, whether or not it knows of it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from types import TracebackType
from typing import Self

import structlog

from bots.slack.address import Where
from bots.slack.channel import Signs
from core.messages import Apology, Button, Footer, Status
from core.ports import ReplySurface

log = structlog.get_logger(__name__)


class TidySurface:
    """A `ReplySurface` that leaves no sign of work behind; taking one away holds no text up."""

    def __init__(self, surface: ReplySurface, signs: Signs, place: Where, *, resumed: bool) -> None:
        """`resumed`: whether an earlier attempt ran, in whatever process."""
        self._surface = surface
        self._signs = signs
        self._place = place
        self._resumed = resumed
        self._unmarking: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        await self._surface.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            await self._surface.__aexit__(kind, error, trace)
        finally:
            if self._unmarking is not None:
                self._unmarking.cancel()
                await asyncio.gather(self._unmarking, return_exceptions=True)

    async def write(self, delta: str) -> None:
        if delta.strip():
            self._begin()
        await self._surface.write(delta)

    async def note(self, status: Status) -> None:
        await self._surface.note(status)

    async def offer(self, buttons: Sequence[Button]) -> None:
        await self._surface.offer(buttons)

    async def pause(self) -> None:
        await self._surface.pause()

    async def finish(self, footer: Footer) -> None:
        self._begin()
        await self._surface.finish(footer)
        await self._end()

    async def fail(self, apology: Apology) -> None:
        self._begin()
        await self._surface.fail(apology)
        await self._end()

    def _begin(self) -> None:
        """Have the hourglass taken away, beside the answer."""
        if self._unmarking is None:
            self._unmarking = asyncio.create_task(self._signs.unmark(self._place, surely=self._resumed))

    async def _end(self) -> None:
        if self._unmarking is not None:
            await asyncio.wait([self._unmarking])
        if self._resumed:
            await self._signs.show(self._place, "")
