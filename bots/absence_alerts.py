"""Tells operators of frontends that are lost for longer than a moment, and of their return."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from bots.supervisor import Board
from core.admission.operator_alerts import OperatorAlerts
from core.domain import BotError, FrontendRefused
from core.i18n import Phrase

GRACE_S = 30.0
"""Platforms drop connections all day long; one that is back sooner is nobody's concern."""
TICK_S = 1.0


class Absences:
    """Compares the board with what was told. A frontend that never came up counts as lost too."""

    def __init__(
        self,
        board: Board,
        alerts: OperatorAlerts,
        *,
        grace_s: float = GRACE_S,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._board = board
        self._alerts = alerts
        self._grace_s = grace_s
        self._now = now
        self._lost_at: dict[str, float] = {}
        self._there: dict[str, bool] = {}

    async def run(self) -> None:
        """Watch until cancelled."""
        while True:
            await self.look()
            await asyncio.sleep(TICK_S)

    async def look(self) -> None:
        """Look once at every frontend."""
        for name in self._board.up:
            self._lost_at.pop(name, None)
            if self._there.get(name) is not True:  # at the start too: a process before may have told
                self._there[name] = True
                phrase = Phrase.NOTICE_FRONTEND_BACK
                await self._alerts.heal(_cause(name), phrase, platform=name.capitalize())
        for name, problem in self._board.failed.items():
            lost_s = self._now() - self._lost_at.setdefault(name, self._now())
            if lost_s >= self._grace_s and self._there.get(name) is not False:
                self._there[name] = False
                await self._tell_lost(name, problem)

    async def _tell_lost(self, name: str, problem: BotError) -> None:
        if isinstance(problem, FrontendRefused):
            phrase, setting = Phrase.NOTICE_FRONTEND_REFUSED, problem.setting
        else:
            phrase, setting = Phrase.NOTICE_FRONTEND_LOST, ""
        await self._alerts.tell(_cause(name), phrase, platform=name.capitalize(), setting=setting)


def _cause(name: str) -> str:
    return f"frontend:{name}"
