"""What waits, what holds it and until when; and what failed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from starlette.responses import Response
from starlette.routing import Route

from bots.web.console.pages.told import Told, breaker_name, why_it_waits
from bots.web.console.rendering import Renderer
from bots.web.console.security.guard import Guard
from bots.web.console.visit import Visit
from core.console.turns import Turns
from core.domain import TurnState
from core.i18n.console_text import ConsoleText as T
from core.storage.console.turns import MOST, TurnLine

FAILED_FOR = timedelta(days=7)
STATES = (
    (TurnState.QUEUED, T.STATE_QUEUED),
    (TurnState.RUNNING, T.STATE_RUNNING),
    (TurnState.HELD, T.STATE_HELD),
)


class WaitingPage:
    """`/console/waiting`."""

    def __init__(self, turns: Turns, renderer: Renderer, now: Callable[[], datetime]) -> None:
        self._turns = turns
        self._renderer = renderer
        self._now = now

    def routes(self, guard: Guard) -> Sequence[Route]:
        return [guard.page("/waiting", self.show)]

    async def show(self, visit: Visit) -> Response:
        speaks, now = self._renderer.speaks(visit), self._now()
        waiting = await self._turns.waiting()
        failed = await self._turns.failed(now - FAILED_FOR)

        def why(line: TurnLine) -> Told:
            return why_it_waits(line, speaks, now)

        return await self._renderer.large_page(
            "waiting.html",
            visit,
            states=[(name, waiting.counts.get(state, 0)) for state, name in STATES],
            waiting=waiting,
            total=sum(waiting.counts.values()),
            failed=failed,
            days=FAILED_FOR.days,
            most=MOST,
            why=why,
            breaker_name=lambda name: breaker_name(name, speaks),
        )
