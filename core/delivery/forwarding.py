"""Surfaces that pass an answer on to another one, and change a single step of it, or what happens around each.

Signs of work go when an answer begins, or ends otherwise: the sign on its question, the status beside it. They may
have been put there by a process that is gone, perhaps by its very last call. So an attempt that is not the first takes
them away whether or not it knows of any.

In a place that takes no answer whoever asked is told so in private, once an hour, and the log says why.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from types import TracebackType
from typing import ParamSpec, Self

from core.domain import Apology, Button, Footer, Place, PlaceClosed, PlatformError, ReplySurface, Status
from core.util.clock import Now
from core.util.log import log
from core.util.recently import Recently

P = ParamSpec("P")
Tidy = Callable[[], Awaitable[None]]
TELL_AGAIN_S = 3600.0


class ForwardingSurface:
    """A `ReplySurface` that passes each step on to another one."""

    def __init__(self, inner: ReplySurface) -> None:
        self._inner = inner

    async def __aenter__(self) -> Self:
        await self._forward(self._inner.__aenter__)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._forward(self._inner.__aexit__, kind, error, trace)

    async def write(self, delta: str) -> None:
        await self._forward(self._inner.write, delta)

    async def note(self, status: Status) -> None:
        await self._forward(self._inner.note, status)

    async def offer(self, buttons: Sequence[Button]) -> None:
        await self._forward(self._inner.offer, buttons)

    async def pause(self) -> None:
        await self._forward(self._inner.pause)

    async def finish(self, footer: Footer) -> None:
        await self._close(self._inner.finish, footer)

    async def fail(self, apology: Apology) -> None:
        await self._close(self._inner.fail, apology)

    async def _close(self, step: Callable[P, Awaitable[object]], *args: P.args, **kwargs: P.kwargs) -> None:
        """Take the last step, whichever it is; what is to happen around it belongs here."""
        await self._forward(step, *args, **kwargs)

    async def _forward(self, step: Callable[P, Awaitable[object]], *args: P.args, **kwargs: P.kwargs) -> None:
        """Take one step; what is to happen around every step belongs here."""
        await step(*args, **kwargs)


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

    async def _close(self, step: Callable[P, Awaitable[object]], *args: P.args, **kwargs: P.kwargs) -> None:
        unmarking = self._begin()
        await super()._close(step, *args, **kwargs)
        await asyncio.wait([unmarking])
        await self._at_end()

    def _begin(self) -> asyncio.Future[None]:
        self._unmarking = self._unmarking or asyncio.ensure_future(self._at_beginning())
        return self._unmarking


class UnreachablePlaces:
    """Remembers where it told already; a process that is restarted may tell once more."""

    def __init__(self, now: Now) -> None:
        self._told = Recently(TELL_AGAIN_S, now)

    async def tell(self, place: Place, code: str, send: Callable[[], Awaitable[None]] | None) -> None:
        """Have the author of a question told that the bot may not write where it was asked.

        `send` writes to the author in private; None where that can't be done, or would be the same place.
        """
        where = {"platform": place.platform, "workspace": place.workspace, "channel": place.channel}
        log.warning("answer.place_closed", **where, code=code)
        if send is None or self._told.seen((place.platform, place.workspace, place.channel)):
            return
        try:
            await send()
        except PlatformError as error:  # many take no direct messages from a bot
            log.info("answer.author_not_told", **where, code=error.code)


class UnreachableSurface(ForwardingSurface):
    """Tells `on_closed` when the place takes no answer; the refusal itself is raised all the same."""

    def __init__(self, inner: ReplySurface, on_closed: Callable[[PlaceClosed], Awaitable[None]]) -> None:
        super().__init__(inner)
        self._on_closed = on_closed

    async def _forward(self, step: Callable[P, Awaitable[object]], *args: P.args, **kwargs: P.kwargs) -> None:
        try:
            await super()._forward(step, *args, **kwargs)
        except PlaceClosed as error:
            await self._on_closed(error)
            raise
