"""The line of turns that wait for a call: who is next when AIVAX takes fewer than are wanted.

The workspace served least recently comes first; in it the person served least recently; of theirs the oldest turn.
So each gets the same share, however much one of them asks.
"""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Iterable

from core.domain import Served, Waiting


def in_order(waiting: Iterable[Waiting], served: Served) -> list[Waiting]:
    """The turns as they will be served, each counted as served before the next is chosen."""
    return list(iter(_Line(waiting, served).next, None))


class _Line:
    """The workspaces in a heap, by the best of their persons; the persons of each in another, by their oldest turn."""

    def __init__(self, waiting: Iterable[Waiting], served: Served) -> None:
        self._count = max([0, *served.workspaces.values(), *served.persons.values()])
        self._turns: dict[tuple[str, int], list[Waiting]] = defaultdict(list)
        for turn in sorted(waiting, key=lambda turn: turn.turn_id, reverse=True):
            self._turns[turn.workspace, turn.person_id].append(turn)
        self._persons: dict[str, list[tuple[int, int, int]]] = defaultdict(list)
        for workspace, person in self._turns:
            self._rank_person(workspace, person, served.persons.get(person, 0))
        self._workspaces: list[tuple[int, tuple[int, int, int], str]] = []
        for workspace in self._persons:
            self._rank_workspace(workspace, served.workspaces.get(workspace, 0))

    def next(self) -> Waiting | None:
        if not self._workspaces:
            return None
        _, _, workspace = heapq.heappop(self._workspaces)
        _, _, person = heapq.heappop(self._persons[workspace])
        turn = self._turns[workspace, person].pop()
        self._count += 1
        self._rank_person(workspace, person, self._count)
        self._rank_workspace(workspace, self._count)
        return turn

    def _rank_person(self, workspace: str, person: int, last: int) -> None:
        if turns := self._turns[workspace, person]:
            heapq.heappush(self._persons[workspace], (last, turns[-1].turn_id, person))

    def _rank_workspace(self, workspace: str, last: int) -> None:
        if persons := self._persons[workspace]:
            heapq.heappush(self._workspaces, (last, persons[0], workspace))
