"""The memory for people's files over all answers under way: bounded, and shared fairly between people."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace

_MISSING_S = 15.0
"""How long room is kept for a turn that has waited: then it has ended without a word, and loses its place."""


@dataclass(frozen=True, slots=True)
class _Ticket:
    person: str
    size_bytes: int
    expires_at: float


class FileMemory:
    """Room for so many bytes. Who finds none comes back when there is, and keeps their place among those who wait.

    A turn that waits holds no worker and no call: it goes back into the line, and is given out again once it is no
    longer one of the `roomless`. So others are answered meanwhile.
    """

    def __init__(
        self, size_bytes: int, person_share: float, *, now: Callable[[], float] = time.monotonic
    ) -> None:
        """`person_share` is the part of the room that one person may fill, from 0 to 1; `now` counts seconds."""
        self._size_bytes = size_bytes
        self.part_bytes = int(size_bytes * person_share)
        """The most that one person's files may take."""
        self._now = now
        self._taken: dict[int, tuple[str, int]] = {}
        self._waiting: dict[int, _Ticket] = {}

    def take(self, turn_id: int, person: str, size_bytes: int) -> bool:
        """Take room for a turn's files, at most `part_bytes`; whether there was any."""
        if size_bytes <= 0:
            return True
        self._forget_missing()
        expires_at = self._now() + _MISSING_S
        self._waiting[turn_id] = _Ticket(person, size_bytes, expires_at)  # one that waited keeps its place
        if turn_id not in self._fitting():
            return False
        del self._waiting[turn_id]
        self._taken[turn_id] = (person, size_bytes)
        return True

    def give_back(self, turn_id: int) -> bool:
        """Free what a turn has taken; whether that may be room for one that waits."""
        return self._taken.pop(turn_id, None) is not None and bool(self._waiting)

    def roomless(self) -> frozenset[int]:
        """The turns that wait and would find no room now: to run one would be in vain."""
        self._forget_missing()
        fitting, expires_at = self._fitting(), self._now() + _MISSING_S
        for turn_id in self._waiting.keys() - fitting:
            self._waiting[turn_id] = replace(self._waiting[turn_id], expires_at=expires_at)
        return frozenset(self._waiting.keys() - fitting)

    def _fitting(self) -> set[int]:
        """Who has room once everybody who has waited longer, and is not held up by their own part, has it."""
        held: Counter[str] = Counter()
        for person, size in self._taken.values():
            held[person] += size
        free = self._size_bytes - held.total()
        fitting: set[int] = set()
        for turn_id, ticket in self._waiting.items():
            if held[ticket.person] + ticket.size_bytes > self.part_bytes:
                continue
            if ticket.size_bytes > free:
                break  # who waits for the most room is not passed by all the others
            free -= ticket.size_bytes
            held[ticket.person] += ticket.size_bytes
            fitting.add(turn_id)
        return fitting

    def _forget_missing(self) -> None:
        now = self._now()
        self._waiting = {turn: each for turn, each in self._waiting.items() if each.expires_at > now}
