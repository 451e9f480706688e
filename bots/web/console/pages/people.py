"""Who asks, in which language, and what it comes to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from starlette.responses import Response
from starlette.routing import Route

from bots.web.console.rendering import Renderer
from bots.web.console.security.guard import Guard
from bots.web.console.visit import Visit
from core.console.people import People

SPAN = timedelta(days=30)


class PeoplePage:
    """`/console/people`."""

    def __init__(self, people: People, renderer: Renderer, now: Callable[[], datetime]) -> None:
        self._people = people
        self._renderer = renderer
        self._now = now

    def routes(self, guard: Guard) -> Sequence[Route]:
        return [guard.page("/people", self.show)]

    async def show(self, visit: Visit) -> Response:
        people = await self._people.busiest(self._now() - SPAN)
        return await self._renderer.large_page("people.html", visit, people=people, days=SPAN.days)
