"""What the homeserver told of each room and is still to be heard: a room that can't be read keeps no other one waiting.

Order holds within a room. It is kept in memory: the position in the stream stays behind what `holds`.
"""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable, Collection
from dataclasses import dataclass, field

from aivax_bots import PlatformError
from aivax_bots_matrix.events import Json
from aivax_bots_matrix.rooms import events_in

log = logging.getLogger(__name__)

SHORTEST_REST_S, LONGEST_REST_S, MOST_RESTS_PER_TRY = 0.5, 60.0, 9
MOST_EVENTS = 1_000
"""Of one room that can't be read; the oldest go."""
HOLDS_S = 3_600.0
"""How long one room's trouble holds the position: a homeserver may have a room that is broken for good."""


@dataclass(slots=True)
class News:
    """A room's part of one sync."""

    timeline: Json
    since: str
    """The position that the sync began at."""
    missed: bool
    """Whether it was said while nobody listened."""
    events: deque[Json] | None = None
    """What is left of it to be heard, oldest first; None until it is known whether there is a gap before it."""


@dataclass(slots=True)
class _Waiting:
    news: deque[News] = field(default_factory=deque)
    failures: int = 0
    failing_since: float = 0.0
    due_at: float = float("-inf")


class Backlog:
    """Rooms with what is to be heard of them."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._rooms: dict[str, _Waiting] = {}

    @property
    def holds(self) -> bool:
        """Whether something here would be lost, if the position were kept and the process died."""
        now = self._clock()
        return any(not each.failures or now - each.failing_since < HOLDS_S for each in self._rooms.values())

    def add(self, room: str, news: News) -> int:
        """Have it heard after all that waits of its room. How many events were left out for it."""
        waiting = self._rooms.setdefault(room, _Waiting())
        waiting.news.append(news)
        dropped = 0
        while len(waiting.news) > 1 and sum(map(_size, waiting.news)) > MOST_EVENTS:
            dropped += _size(waiting.news.popleft())
        return dropped

    def due(self) -> list[str]:
        """The rooms whose turn it is, those in trouble last."""
        now = self._clock()
        due = [room for room, each in self._rooms.items() if each.due_at <= now]
        return sorted(due, key=lambda room: self._rooms[room].failures)

    def due_in_s(self, most: float, *, but: Collection[str] = ()) -> float:
        """How long until one is due, `but` of some, from 0 to `most`."""
        now = self._clock()
        due_at = (each.due_at for room, each in self._rooms.items() if room not in but)
        return max(min([most, *(each - now for each in due_at)]), 0.0)

    def news_of(self, room: str) -> deque[News]:
        """What waits, oldest first: take from the left what was heard."""
        return self._rooms[room].news

    def done(self, room: str) -> None:
        """All of a room was heard."""
        del self._rooms[room]

    def put_off(self, room: str, error: PlatformError, *, took_s: float) -> None:
        """Have a room wait that can't be read now: longer with each time, and as long as the homeserver says.

        A call that hangs takes the place of another room's, so that tries that take long rest as much longer.
        """
        waiting, now = self._rooms[room], self._clock()
        if not waiting.failures:
            waiting.failing_since = now
            log.warning("a room can't be read now, and is tried again: %s", error)
        rest_s = min(SHORTEST_REST_S * 2.0 ** min(waiting.failures, 10), LONGEST_REST_S)
        waiting.due_at = now + max(
            rest_s, took_s * min(waiting.failures, MOST_RESTS_PER_TRY), error.retry_after_s or 0.0
        )
        waiting.failures += 1


def _size(news: News) -> int:
    return len(events_in(news.timeline) if news.events is None else news.events)
