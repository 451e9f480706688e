"""The memory for people's files over all answers under way: bounded, and shared fairly between people."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

_AGAIN_S = 1.0
_LONGEST_S = 60.0
_MISSING_S = 15.0
"""Beyond the time at which a turn was to ask again: then it has ended without a word, and loses its place."""


@dataclass(frozen=True, slots=True)
class _Ticket:
    person: str
    size_bytes: int
    expires_at: float


class Shelf:
    """Room for so many bytes. Who finds none comes back later, and keeps their place among those who wait.

    A turn that waits holds no worker: it goes back into the line, so that others are answered meanwhile.
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

    def take(self, turn_id: int, person: str, size_bytes: int) -> float | None:
        """Take room for a turn's files, at most `part_bytes`: None. Else the seconds after which to ask again."""
        if size_bytes <= 0:
            return None
        self._forget_missing()
        self._waiting[turn_id] = _Ticket(person, size_bytes, 0.0)  # one that waited keeps its place
        if self._may_take(turn_id):
            del self._waiting[turn_id]
            self._taken[turn_id] = (person, size_bytes)
            return None
        before = sum(1 for each in self._before(turn_id) if each.person == person)
        again_s = min(_AGAIN_S * (before + 1), _LONGEST_S)
        self._waiting[turn_id] = _Ticket(person, size_bytes, self._now() + again_s + _MISSING_S)
        return again_s

    def give_back(self, turn_id: int) -> None:
        """Free what a turn has taken, if it has."""
        self._taken.pop(turn_id, None)

    def _may_take(self, turn_id: int) -> bool:
        """Whether there is room once everybody who has waited longer, and is not held up by their own part, has it."""
        free = self._size_bytes - sum(size for _, size in self._taken.values())
        held: dict[str, int] = {}
        for person, size in self._taken.values():
            held[person] = held.get(person, 0) + size
        for each, ticket in self._waiting.items():
            if held.get(ticket.person, 0) + ticket.size_bytes <= self.part_bytes:
                if ticket.size_bytes > free:
                    return False  # who waits for the most room is not passed by all the others
                free -= ticket.size_bytes
                held[ticket.person] = held.get(ticket.person, 0) + ticket.size_bytes
                if each == turn_id:
                    return True
            elif each == turn_id:
                return False
        return False

    def _before(self, turn_id: int) -> list[_Ticket]:
        order = list(self._waiting)
        return [self._waiting[each] for each in order[: order.index(turn_id)]]

    def _forget_missing(self) -> None:
        now = self._now()
        self._waiting = {turn: each for turn, each in self._waiting.items() if each.expires_at > now}
