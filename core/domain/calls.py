"""Calls to AIVAX as values: the windows that bound them, the turns that wait for one, and who was served last."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

MINUTE_S = 60.0
MARGIN_S = 1.0
"""Windows are counted this much longer: a call reaches AIVAX later than it was allowed, and not always as late."""


@dataclass(frozen=True, slots=True)
class Window:
    """At most `calls` in any `span_s` seconds."""

    calls: int
    span_s: float = MINUTE_S

    def begins(self, now: datetime) -> datetime:
        """Calls later than this count."""
        return now - timedelta(seconds=self.span_s + MARGIN_S)


@dataclass(frozen=True, slots=True)
class Waiting:
    """The next turn of a conversation, due and waiting for a call."""

    turn_id: int
    conversation_id: int
    workspace: str
    person_id: int
    since: datetime
    position_told: int | None = None


@dataclass(frozen=True, slots=True)
class Served:
    """When each was last served, as a number that grows; 0, or missing: not lately."""

    workspaces: Mapping[str, int]
    persons: Mapping[int, int]


def free_calls(windows: Sequence[Window], calls: Sequence[datetime], now: datetime) -> int:
    """How many calls may go now. `calls`: when the counted ones were made."""
    return max(0, min(each.calls - sum(at > each.begins(now) for at in calls) for each in windows))


def next_calls(
    windows: Sequence[Window], calls: Sequence[datetime], now: datetime, most: int
) -> list[datetime]:
    """When each of the next `most` calls may go, if they go as soon as they may."""
    made = sorted(calls)
    first = len(made)
    for _ in range(most):
        opens = (
            made[-each.calls] + timedelta(seconds=each.span_s + MARGIN_S)
            for each in windows
            if len(made) >= each.calls
        )
        made.append(max([now, *opens]))
    return made[first:]
