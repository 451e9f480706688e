"""The settings as they hold, and the bot's own sentences: both to be looked at."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import groupby

from starlette.responses import Response
from starlette.routing import Route

from bots.setting_rules.origins import Effective
from bots.web.console.rendering import Renderer
from bots.web.console.security.guard import Guard
from bots.web.console.visit import Visit
from core.console.replies import languages, replies
from core.i18n.translators import Spoken


class ConfigurationPages:
    """`/console/settings` and `/console/replies`."""

    def __init__(self, settings: Sequence[Effective], wording: Spoken, renderer: Renderer) -> None:
        """`settings` are those that the process began with, secrets masked; `wording` is asked at each look."""
        self._settings = settings
        self._wording = wording
        self._renderer = renderer

    def routes(self, guard: Guard) -> Sequence[Route]:
        return [guard.page("/settings", self.show_settings), guard.page("/replies", self.show_replies)]

    async def show_settings(self, visit: Visit) -> Response:
        shows_all = visit.query.get("all") == "1"
        chosen = [each for each in self._settings if shows_all or each.source != "default"]
        sections = [(name, list(group)) for name, group in groupby(chosen, key=lambda each: each.section)]
        return await self._renderer.large_page(
            "settings.html",
            visit,
            sections=sections,
            shows_all=shows_all,
            shown=_shown,
            of=len(self._settings),
        )

    async def show_replies(self, visit: Visit) -> Response:
        known = languages()
        asked = visit.query.get("language", "")
        language = asked if asked in known else next(iter(known))
        found = replies(self._wording.sentences, language)
        return await self._renderer.large_page(
            "replies.html", visit, languages=known, language=language, replies=found
        )


def _shown(value: object) -> str:
    """A value as the file has it, or nearly."""
    return json.dumps(value, ensure_ascii=False)
