"""What the page of that which waits is made of: read at once, and told in the reader's language."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from bots.web.console.pages.told import Told, breaker_name, why_it_waits
from core.console.turns import Turns
from core.domain import TurnState
from core.i18n.console import ConsoleTranslator
from core.i18n.console_text import ConsoleText as T
from core.storage.console.turns import MOST, TurnLine, Waiting

FAILED_FOR = timedelta(days=7)
STATES = (
    (TurnState.QUEUED, T.STATE_QUEUED),
    (TurnState.RUNNING, T.STATE_RUNNING),
    (TurnState.HELD, T.STATE_HELD),
)


@dataclass(frozen=True, slots=True)
class Lists:
    """What waits, and what failed lately."""

    waiting: Waiting
    failed: Sequence[TurnLine]


async def read(turns: Turns, now: datetime) -> Lists:
    """Read both."""
    return Lists(await turns.waiting(), await turns.failed(now - FAILED_FOR))


def told(found: Lists, speaks: ConsoleTranslator, now: datetime) -> Mapping[str, Any]:
    """What the templates are given."""
    waiting = found.waiting

    def why(line: TurnLine) -> Told:
        return why_it_waits(line, speaks, now)

    return {
        "states": [(name, waiting.counts.get(state, 0)) for state, name in STATES],
        "waiting": waiting,
        "total": sum(waiting.counts.values()),
        "failed": found.failed,
        "days": FAILED_FOR.days,
        "most": MOST,
        "why": why,
        "breaker_name": lambda name: breaker_name(name, speaks),
    }
