"""One turn: found by the reference that a person quotes, told from its beginning to its end."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import quote

from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from bots.doctor.why import ids_of
from bots.web.console import PATH
from bots.web.console.errors import ErrorPages
from bots.web.console.pages.told import MOODS, STATE_NAMES, Mood, steps_of, why_it_waits
from bots.web.console.rendering import Renderer
from bots.web.console.security.guard import Guard
from bots.web.console.visit import Visit
from core.console.turns import Turns
from core.domain.console import Role

MOST_CHARS = 300
"""Of what is looked for: links to messages are shorter."""


class TurnPages:
    """`/console/turns` and `/console/turns/ID`."""

    def __init__(
        self,
        turns: Turns,
        renderer: Renderer,
        errors: ErrorPages,
        now: Callable[[], datetime],
        words_for: str,
    ) -> None:
        """`words_for` is the role from which on words are shown, or `nobody`."""
        self._turns = turns
        self._renderer = renderer
        self._errors = errors
        self._now = now
        self._words_for = Role(words_for) if words_for in list(Role) else None

    def routes(self, guard: Guard) -> Sequence[Route]:
        return [guard.page("/turns", self.find), guard.page("/turns/{turn:int}", self.show)]

    async def find(self, visit: Visit) -> Response:
        """Look for a reference or a message; where it is one turn's, go there."""
        asked = visit.query.get("q", "").strip()[:MOST_CHARS]
        found = await self._turns.find(ids_of(asked)) if asked else []
        if len(found) == 1:
            return RedirectResponse(f"{PATH}/turns/{found[0].id}?q={quote(asked, safe='')}", status_code=303)
        return self._renderer.page("turns.html", visit, asked=asked, found=found, **_LOOK)

    async def show(self, visit: Visit) -> Response:
        turn_id = int(visit.request.path_params["turn"])
        story = await self._turns.story(turn_id) if turn_id < 2**63 else None
        if story is None:
            return self._errors.missing(visit)
        speaks, now = self._renderer.speaks(visit), self._now()
        may_read = self._words_for is not None and visit.user.role.may(self._words_for)
        return self._renderer.page(
            "turn.html",
            visit,
            story=story,
            steps=steps_of(story, speaks),
            told=why_it_waits(story, speaks, now),
            may_read=may_read,
            said=await self._turns.said(turn_id) if may_read else [],
            took_s=_took_s(story.created_at, story.ended_at),
            **_LOOK,
        )


def _took_s(began: datetime, ended: datetime | None) -> float | None:
    return (ended - began).total_seconds() if ended is not None else None


_LOOK: dict[str, Any] = {"names": STATE_NAMES, "moods": MOODS, "idle": Mood.IDLE}
