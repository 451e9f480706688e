"""What strangers send to the bot's address is refused, and logged once a minute with a count: the log is not theirs."""

from __future__ import annotations

from collections.abc import Callable

import structlog

log = structlog.get_logger(__name__)

_QUIET_S = 60.0


class RefusalLog:
    """Logs one kind of refusal: the first at once, those of the next minute together with the first after it."""

    def __init__(self, event: str, now: Callable[[], float]) -> None:
        self._event = event
        self._now = now
        self._quiet_until: dict[int, float] = {}
        self._unsaid: dict[int, int] = {}

    def note(self, status: int, problem: str) -> None:
        """Say that a request was answered with this status, or count it for the next line about the same status."""
        now = self._now()
        if now < self._quiet_until.get(status, 0.0):
            self._unsaid[status] = self._unsaid.get(status, 0) + 1
            return
        self._quiet_until[status] = now + _QUIET_S
        log.warning(self._event, status=status, problem=problem, more_before=self._unsaid.pop(status, 0))
