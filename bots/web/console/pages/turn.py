"""One turn: found by the reference that a person quotes, told from its beginning to its end."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import quote

from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from bots.doctor.why import ids_of
from bots.web.console import PATH
from bots.web.console.errors import ErrorPages
from bots.web.console.pages.told import MOODS, STATE_NAMES, Mood, notes_of, steps_told, why_it_waits
from bots.web.console.rendering import Renderer
from bots.web.console.security.guard import Guard
from bots.web.console.security.words import WordsRule
from bots.web.console.visit import Visit
from core.console.turns import TurnActions, Turns
from core.domain import TurnState
from core.domain.audit import Actor
from core.domain.console import Role
from core.i18n.console_text import ConsoleText as T
from core.storage.operations.turn_changes import Outcome
from core.util.log import log

MOST_CHARS = 300
"""Of what is looked for: links to messages are shorter."""


class TurnPages:
    """`/console/turns` and `/console/turns/ID`."""

    def __init__(
        self,
        turns: Turns,
        actions: TurnActions,
        renderer: Renderer,
        errors: ErrorPages,
        now: Callable[[], datetime],
        words: WordsRule,
    ) -> None:
        self._turns = turns
        self._actions = actions
        self._renderer = renderer
        self._errors = errors
        self._now = now
        self._words = words

    def routes(self, guard: Guard) -> Sequence[Route]:
        return [
            guard.page("/turns", self.find),
            guard.page("/turns/{turn:int}", self.show),
            guard.action("/turns/{turn:int}/retry", self.retry, Role.OPERATOR),
            guard.action("/turns/{turn:int}/drop", self.drop, Role.OPERATOR),
        ]

    async def find(self, visit: Visit) -> Response:
        """Look for a reference or a message; where it is one turn's, go there."""
        asked = visit.query.get("q", "").strip()[:MOST_CHARS]
        found = await self._turns.find(ids_of(asked)) if asked else []
        if len(found) == 1:
            return RedirectResponse(f"{PATH}/turns/{found[0].id}?q={quote(asked, safe='')}", status_code=303)
        return await self._renderer.large_page("turns.html", visit, asked=asked, found=found, **_LOOK)

    async def retry(self, visit: Visit) -> Response:
        """Have it tried again, and show it in the line: a failed one is asked anew as another turn."""
        return await self._act(visit, self._actions.retry, f"{PATH}/waiting")

    async def drop(self, visit: Visit) -> Response:
        """Take it out of the line."""
        return await self._act(visit, self._actions.drop, f"{PATH}/turns/{visit.request.path_params['turn']}")

    async def _act(self, visit: Visit, act: Callable[[int, Actor], Awaitable[Outcome]], to: str) -> Response:
        turn_id = int(visit.request.path_params["turn"])
        outcome = await act(turn_id, visit.actor)
        if outcome is not Outcome.DONE:
            return await self._show(visit, outcome)
        log.info("console.acted", by=visit.user.name, turn=turn_id, act=act.__name__)
        return RedirectResponse(to, status_code=303)

    async def show(self, visit: Visit) -> Response:
        return await self._show(visit)

    async def _show(self, visit: Visit, refusal: Outcome | None = None) -> Response:
        turn_id = int(visit.request.path_params["turn"])
        story = await self._turns.story(turn_id) if turn_id < 2**63 else None
        if story is None:
            return self._errors.missing(visit)
        speaks, now = self._renderer.speaks(visit), self._now()
        may_read = self._words.may_read(visit)
        return await self._renderer.large_page(
            "turn.html",
            visit,
            status=200 if refusal is None else 409,
            refusal=OUTCOMES[refusal] if refusal is not None else None,
            may_act=visit.user.role.may(Role.OPERATOR) and not story.notice,
            is_retriable=story.state in (TurnState.FAILED, TurnState.HELD, TurnState.QUEUED),
            is_droppable=story.state in (TurnState.HELD, TurnState.QUEUED),
            story=story,
            steps=steps_told(story, speaks),
            notes=notes_of(story, speaks),
            told=why_it_waits(story, speaks, now),
            may_read=may_read,
            said=await self._turns.said(turn_id) if may_read else [],
            took_s=_took_s(story.created_at, story.ended_at),
            **_LOOK,
        )


def _took_s(began: datetime, ended: datetime | None) -> float | None:
    return (ended - began).total_seconds() if ended is not None else None


OUTCOMES = {
    Outcome.UNKNOWN: T.ERROR_MISSING,
    Outcome.WAITS: T.OUTCOME_WAITS,
    Outcome.RUNS: T.WHY_RUNNING,
    Outcome.ENDED: T.OUTCOME_ENDED,
    Outcome.PAUSED: T.CAUSE_PAUSE,
    Outcome.EMPTIED: T.NO_WORDS_HELP,
}
_LOOK: dict[str, Any] = {"names": STATE_NAMES, "moods": MOODS, "idle": Mood.IDLE}
