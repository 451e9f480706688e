"""Signs of work go when an answer begins, or ends otherwise: the sign on its question, the status beside it.

They may have been put there by a process that is gone, perhaps by its very last call. So an attempt that is not the
first takes them away whether or not it knows of any.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from types import TracebackType

from core.delivery.forwarding import ForwardingSurface
from core.domain.messages import Apology, Footer
from core.domain.ports import ReplySurface

Tidy = Callable[[], Awaitable[None]]


class TidySurface(ForwardingSurface):
    """A `ReplySurface` that leaves no sign of work behind; taking one away holds no text up."""

    def __init__(self, inner: ReplySurface, *, at_beginning: Tidy, at_end: Tidy) -> None:
        """`at_beginning` runs beside the answer from its first words on, `at_end` once the answer is closed."""
        super().__init__(inner)
        self._at_beginning = at_beginning
        self._at_end = at_end
        self._unmarking: asyncio.Future[None] | None = None

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            await super().__aexit__(kind, error, trace)
        finally:
            if self._unmarking is not None:
                self._unmarking.cancel()
                await asyncio.gather(self._unmarking, return_exceptions=True)

    async def write(self, delta: str) -> None:
        if delta.strip():
            self._begin()
        await super().write(delta)

    async def finish(self, footer: Footer) -> None:
        self._begin()
        await super().finish(footer)
        await self._end()

    async def fail(self, apology: Apology) -> None:
        self._begin()
        await super().fail(apology)
        await self._end()

    def _begin(self) -> None:
        if self._unmarking is None:
            self._unmarking = asyncio.ensure_future(self._at_beginning())

    async def _end(self) -> None:
        if self._unmarking is not None:
            await asyncio.wait([self._unmarking])
        await self._at_end()
