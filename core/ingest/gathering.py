"""Has a question looked at again when the time is over in which its author may say more."""

from __future__ import annotations

import asyncio

from core.domain import TurnQueue

_A_MOMENT_S = 0.02
"""Timers and clocks are not of one mind by some milliseconds."""


class PatientQueue:
    """A `TurnQueue` that hands each notice on at once, for what is due, and once more after a wait.

    Losing the second one, as in a crash, costs time alone: due turns are looked for anyway.
    """

    def __init__(self, queue: TurnQueue, wait_s: float) -> None:
        self._queue = queue
        self._wait_s = wait_s + _A_MOMENT_S

    def keep(self, conversation_id: int, platform: str) -> bool:
        return self._queue.keep(conversation_id, platform)

    def notify(self, conversation_id: int) -> None:
        self._queue.notify(conversation_id)
        asyncio.get_running_loop().call_later(self._wait_s, self._queue.notify, conversation_id)
