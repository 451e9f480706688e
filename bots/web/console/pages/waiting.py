"""What waits, what holds it and until when; and what failed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from starlette.responses import Response
from starlette.routing import Route

from bots.web.console.live import lists
from bots.web.console.rendering import Renderer
from bots.web.console.security.guard import Guard
from bots.web.console.visit import Visit
from core.console.turns import Turns


class WaitingPage:
    """`/console/waiting`."""

    def __init__(self, turns: Turns, renderer: Renderer, now: Callable[[], datetime]) -> None:
        self._turns = turns
        self._renderer = renderer
        self._now = now

    def routes(self, guard: Guard) -> Sequence[Route]:
        return [guard.page("/waiting", self.show)]

    async def show(self, visit: Visit) -> Response:
        found = await lists.read(self._turns, self._now())
        told = lists.told(found, self._renderer.speaks(visit), self._now())
        return await self._renderer.large_page("waiting.html", visit, **told)
