"""How many commands, presses and edits one person may give in a minute, counted in this process.

They are counted before anything is read or written, so that a flood of them costs nobody else anything. Questions
have their own bound: a part of the line.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable

from cachetools import LRUCache

from core.domain import Action, Command, Commanded, Deleted, Event, Identity, Left, Pressed, Rewritten, Said

MINUTE_S = 60.0
MOST_KNOWN = 10_000
"""People that are kept in mind at once; those who were still for the longest are forgotten first."""


class Actions:
    """Counts what each person did in the last minute."""

    def __init__(self, most: int, now: Callable[[], float] = time.monotonic) -> None:
        """`most` in a minute; `now` counts in seconds."""
        self._most = most
        self._now = now
        self._lately: LRUCache[Identity, deque[float]] = LRUCache(MOST_KNOWN)

    def are_over(self, event: Event) -> bool:
        """Whether this is one too many. Questions in a place that all read, and what was deleted, never are."""
        match event:
            case Deleted() | Rewritten() | Left() | Said(awaited=False):
                return False
        now, lately = self._now(), self._lately.setdefault(event.author.identity, deque(maxlen=self._most))
        if len(lately) == self._most and now - lately[0] < MINUTE_S:
            return True
        lately.append(now)
        return False


def is_stop(event: Event) -> bool:
    """Whether somebody wants an answer to end: that is heard however often it is said."""
    match event:
        case Commanded(command=Command.STOP) | Pressed(action=Action.STOP):
            return True
        case _:
            return False
