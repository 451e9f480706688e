"""One conversation, as it was read."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.responses import Response
from starlette.routing import Route

from bots.web.console import PATH
from bots.web.console.errors import ErrorPages
from bots.web.console.pages.filters import address, given
from bots.web.console.pages.told import MOODS, STATE_NAMES, Mood, marks_of
from bots.web.console.rendering import Renderer
from bots.web.console.security.guard import Guard
from bots.web.console.security.words import WordsRule
from bots.web.console.visit import Visit
from core.console.conversations import ConversationPages

MOST_ID = 2**63


class ConversationPage:
    """`/console/conversations/ID`; `before` and `after` a turn, or with the turn `at` first."""

    def __init__(
        self, conversations: ConversationPages, renderer: Renderer, errors: ErrorPages, words: WordsRule
    ) -> None:
        self._conversations = conversations
        self._renderer = renderer
        self._errors = errors
        self._words = words

    def routes(self, guard: Guard) -> Sequence[Route]:
        return [guard.page("/conversations/{conversation:int}", self.show)]

    async def show(self, visit: Visit) -> Response:
        conversation_id = int(visit.request.path_params["conversation"])
        head = await self._conversations.head(conversation_id) if conversation_id < MOST_ID else None
        if head is None:
            return self._errors.missing(visit)
        at, after, before = (_number(visit, name) for name in ("at", "after", "before"))
        may_read, path = self._words.may_read(visit), f"{PATH}/conversations/{conversation_id}"
        page = await self._conversations.read(
            conversation_id,
            before=before,
            after=at - 1 if at else after,
            with_words=may_read,
        )
        first, last = (page.turns[0].id, page.turns[-1].id) if page.turns else (0, 0)
        return await self._renderer.large_page(
            "conversation.html",
            visit,
            head=head,
            turns=page.turns,
            at=at,
            may_read=may_read,
            earlier=address(path, {}, before=str(first)) if page.has_earlier and first else "",
            later=address(path, {}, after=str(last)) if page.has_later and last else "",
            marks_of=marks_of,
            names=STATE_NAMES,
            moods=MOODS,
            idle=Mood.IDLE,
        )


def _number(visit: Visit, name: str) -> int | None:
    text = given(visit.query, name)
    return int(text) if text.isdecimal() and len(text) < 19 else None
