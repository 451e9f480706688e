"""Places that take no answer: whoever asked there is told so in private, once an hour, and the log says why."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import ParamSpec

import structlog

from core.delivery.forwarding import ForwardingSurface
from core.domain.errors import PlaceClosed, PlatformError
from core.domain.messages import Place
from core.domain.ports import ReplySurface
from core.util.clock import Now
from core.util.recently import Recently

log = structlog.get_logger(__name__)

P = ParamSpec("P")
TELL_AGAIN_S = 3600.0


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
