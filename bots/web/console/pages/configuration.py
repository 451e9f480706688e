"""The settings as they hold, to be looked at."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import groupby
from typing import Protocol

from starlette.responses import Response
from starlette.routing import Route

from bots.setting_rules.origins import Effective, Pending
from bots.web.console.rendering import Renderer
from bots.web.console.security.guard import Guard
from bots.web.console.visit import Visit


class SettingsInForce(Protocol):
    """The settings of the process; `bots.setting_rules.in_force.InForce` is one."""

    def shown(self) -> Sequence[Effective]:
        """Every setting as it holds, secrets masked."""

    async def pending(self) -> Pending:
        """What a reload would change now."""


class ConfigurationPages:
    """`/console/settings`."""

    def __init__(self, settings: SettingsInForce, renderer: Renderer) -> None:
        self._settings = settings
        self._renderer = renderer

    def routes(self, guard: Guard) -> Sequence[Route]:
        return [guard.page("/settings", self.show_settings)]

    async def show_settings(self, visit: Visit) -> Response:
        shows_all = visit.query.get("all") == "1"
        every = self._settings.shown()
        chosen = [each for each in every if shows_all or each.source != "default"]
        sections = [(name, list(group)) for name, group in groupby(chosen, key=lambda each: each.section)]
        return await self._renderer.large_page(
            "settings.html",
            visit,
            sections=sections,
            shows_all=shows_all,
            shown=_shown,
            of=len(every),
            pending=await self._settings.pending(),
        )


def _shown(value: object) -> str:
    """A value as the file has it, or nearly."""
    return json.dumps(value, ensure_ascii=False)
