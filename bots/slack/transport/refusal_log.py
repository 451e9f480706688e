"""Logs refused HTTP requests once a minute with a count, so that strangers can't fill the log."""

from __future__ import annotations

from collections import Counter

from core.util.clock import Now
from core.util.log import log
from core.util.recently import Recently

_QUIET_S = 60.0


class RequestRefusedError(Exception):
    """A request that is answered with this status and goes no further, for a reason that only the log has."""

    def __init__(self, status: int, why: str = "") -> None:
        super().__init__(why)
        self.status = status


class RefusalLog:
    """Logs one kind of refusal: the first at once, those of the next minute together with the first after it."""

    def __init__(self, event: str, now: Now) -> None:
        self._event = event
        self._logged = Recently(_QUIET_S, now)
        self._left_out: Counter[int] = Counter()

    def note(self, status: int, problem: str) -> None:
        """Say that a request was answered with this status, or count it for the next line about the same status."""
        if self._logged.seen(status):
            self._left_out[status] += 1
        else:
            log.warning(
                self._event, status=status, problem=problem, more_before=self._left_out.pop(status, 0)
            )
