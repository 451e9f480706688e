"""The settings as they hold, to be looked at."""

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


class ConfigurationPages:
    """`/console/settings`."""

    def __init__(self, settings: Sequence[Effective], renderer: Renderer) -> None:
        """`settings` are those that the process began with, secrets masked."""
        self._settings = settings
        self._renderer = renderer

    def routes(self, guard: Guard) -> Sequence[Route]:
        return [guard.page("/settings", self.show_settings)]

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


def _shown(value: object) -> str:
    """A value as the file has it, or nearly."""
    return json.dumps(value, ensure_ascii=False)
