"""Vitals for tests: a database that answers, and a clock that moves when it is told to."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from bots.monitoring.vitals import Pulse, Vitals
from bots.supervisor import Board


class Seconds:
    """A clock in seconds; calling it gives the time."""

    def __init__(self) -> None:
        self.time = 1_000.0

    def __call__(self) -> float:
        return self.time


async def _answers() -> None:
    pass


def vitals_of(
    board: Board,
    pulse: Pulse | None = None,
    ask: Callable[[], Awaitable[object]] = _answers,
    *,
    deaf_after_s: float = 0.0,
) -> Vitals:
    """The vitals of a process with this board."""
    return Vitals(board, pulse or Pulse(), ask, deaf_after_s=deaf_after_s)
