"""Tells operators of frontends that are lost for longer than a moment, and of their return."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from bots.supervisor import Board, Sleep
from core.admission.notices import Notices
from core.errors import BotError, FrontendRefused
from core.reply.phrases import Phrase

GRACE_S = 30.0
"""Platforms drop connections all day long; one that is back sooner is nobody's concern."""
TICK_S = 1.0


async def report_absences(
    board: Board,
    notices: Notices,
    *,
    grace_s: float = GRACE_S,
    now: Callable[[], float] = time.monotonic,
    sleep: Sleep = asyncio.sleep,
) -> None:
    """Watch the board until cancelled. A frontend that never came up counts as lost too."""
    lost_at: dict[str, float] = {}
    known: dict[str, bool] = {}
    while True:
        for name in board.up:
            lost_at.pop(name, None)
            if known.get(name) is not True:  # at the start too: a process before may have told
                known[name] = True
                await notices.heal(_cause(name), Phrase.NOTICE_FRONTEND_BACK, platform=name.capitalize())
        for name, problem in board.failed.items():
            lost_s = now() - lost_at.setdefault(name, now())
            if lost_s >= grace_s and known.get(name) is not False:
                known[name] = False
                await _tell_lost(notices, name, problem)
        await sleep(TICK_S)


async def _tell_lost(notices: Notices, name: str, problem: BotError) -> None:
    platform = name.capitalize()
    if isinstance(problem, FrontendRefused):
        phrase, setting = Phrase.NOTICE_FRONTEND_REFUSED, problem.setting
    else:
        phrase, setting = Phrase.NOTICE_FRONTEND_LOST, ""
    await notices.tell(_cause(name), phrase, platform=platform, setting=setting)


def _cause(name: str) -> str:
    return f"frontend:{name}"
