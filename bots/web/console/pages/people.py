"""Who asks, in which language, and what it comes to; and whom an operator looks for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from starlette.responses import Response
from starlette.routing import Route

from bots.web.console.pages.filters import given
from bots.web.console.rendering import Renderer
from bots.web.console.security.guard import Guard
from bots.web.console.visit import Visit
from core.console.people import People, PersonFinder
from core.storage.console.person_search import MOST

SPAN = timedelta(days=7)


class PeoplePage:
    """`/console/people`."""

    def __init__(
        self, people: People, finder: PersonFinder, renderer: Renderer, now: Callable[[], datetime]
    ) -> None:
        self._people = people
        self._finder = finder
        self._renderer = renderer
        self._now = now

    def routes(self, guard: Guard) -> Sequence[Route]:
        return [guard.page("/people", self.show)]

    async def show(self, visit: Visit) -> Response:
        asked = given(visit.query, "q")
        found = await self._finder.find(asked)
        people = [] if asked else await self._people.busiest(self._now() - SPAN)
        return await self._renderer.large_page(
            "people.html", visit, people=people, days=SPAN.days, asked=asked, found=found, most=MOST
        )
