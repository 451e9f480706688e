"""When a call is tried again, and where."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from core.aivax.keys import is_aivax_host
from core.domain import AivaxError, RateLimited, Unavailable
from core.settings import AivaxSettings
from core.util.retry import growing_s

_LONGEST_S = 30.0
_FIRST_S = 0.5
_FIRST_RATE_LIMITED_S = 1.0
PROXY_GAVE_UP = 524
_LASTING = frozenset({501, 505, 511, PROXY_GAVE_UP})
"""What the server can't do at all, and the proxy in front that gave up: it would again."""


@dataclass(slots=True)
class Retries:
    """The tries of one call: at most `[aivax] tries` in all, none begun after `retry_budget_s`.

    A loop of our own and no library: a `Retry-After` beyond the budget must come out as an error that says when, the
    delays differ by error, and an answer that streams can be retried only until its first visible text.
    """

    settings: AivaxSettings
    jitter: Callable[[], float]
    tries: int = 1

    def delay_s(self, error: AivaxError, waited_s: float) -> float | None:
        """Count a failed try and say how long to wait before the next; None: no further try.

        `waited_s` is the time spent on this call so far, waiting for AIVAX or between tries.
        """
        if not _is_passing(error) or self.tries >= self.settings.tries:
            return None
        first_s = _FIRST_RATE_LIMITED_S if isinstance(error, RateLimited) else _FIRST_S
        growing = growing_s(self.tries - 1, first_s, _LONGEST_S, chance=self.jitter())
        delay_s = max(growing, error.retry_after_s or 0.0)
        self.tries += 1
        return delay_s if waited_s + delay_s <= self.settings.retry_budget_s else None


def _is_passing(error: AivaxError) -> bool:
    passing = error.status < 300 or error.status in (408, 425) or error.status >= 500
    return isinstance(error, RateLimited) or (
        isinstance(error, Unavailable) and passing and error.status not in _LASTING
    )


def has_direct_host(settings: AivaxSettings) -> bool:
    """Tell whether there is a direct host to turn to; another server's key never goes to AIVAX' own."""
    direct = settings.direct_url
    return bool(direct) and (is_aivax_host(settings.base_url) or not is_aivax_host(direct))
