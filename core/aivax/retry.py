"""When a failed call is tried again, and after how long.

A loop of our own and no library: a `Retry-After` beyond the budget must come out as an error that says when, the
delays differ by error, and an answer that streams can be retried only until its first visible text.
"""

from __future__ import annotations

from collections.abc import Callable

from core.domain.errors import AivaxError, RateLimited, Unavailable
from core.settings import AivaxSettings

_CAP_S = 30.0
_FIRST_S = 0.5
_FIRST_RATE_LIMITED_S = 1.0
_PROXY_GAVE_UP = 524
_LASTING = frozenset({501, 505, 511})


class Retries:
    """The tries of one call: at most `tries` in all, none begun after `retry_budget_s`."""

    def __init__(self, settings: AivaxSettings, jitter: Callable[[], float]) -> None:
        self.tries = 1
        self._most = settings.tries
        self._budget_s = settings.retry_budget_s
        self._jitter = jitter

    def delay_s(self, error: AivaxError, waited_s: float) -> float | None:
        """Count a failed try and say how long to wait before the next; None: no further try.

        `waited_s` is the time spent on this call so far, waiting for AIVAX or between tries.
        """
        if not _is_passing(error) or self.tries >= self._most:
            return None
        first = _FIRST_RATE_LIMITED_S if isinstance(error, RateLimited) else _FIRST_S
        delay = min(_CAP_S, first * 2 ** (self.tries - 1)) * (0.5 + 0.5 * self._jitter())
        delay = max(delay, error.retry_after_s or 0.0)
        self.tries += 1
        return delay if waited_s + delay <= self._budget_s else None


def _is_passing(error: AivaxError) -> bool:
    if isinstance(error, Unavailable):
        return error.status < 300 or error.status in (408, 425) or _is_passing_5xx(error.status)
    return isinstance(error, RateLimited)


def _is_passing_5xx(status: int) -> bool:
    return status >= 500 and status != _PROXY_GAVE_UP and status not in _LASTING
