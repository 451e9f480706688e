"""Circuit breakers: while one is tripped, no call that it stands for is made, in any process on the database.

A breaker trips at a refusal that the next call would meet as well. It is reset when the cause is seen to be gone, or
when a single probe, made at growing intervals, gets through.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from random import random

from core.aivax.refusals.words import Meaning, has_code
from core.domain import PROBE_S, AivaxError, AnswerFailed, Breaker, Cause, NoBalance, RateLimited, Unavailable
from core.util.clock import Clock
from core.util.retry import growing_s
from core.util.text import shorten

LONGEST_KIND = 32
TOLD_CHARS = 160

INTERVALS_S = {
    Cause.BALANCE: (10.0, 60.0),
    Cause.MEDIA: (60.0, 600.0),
    Cause.STORAGE: (30.0, 600.0),
    Cause.RATE: (1.0, PROBE_S),
    Cause.OUTAGE: (10.0, PROBE_S),
}
"""The first interval between probes, and the longest.

A probe of an empty account costs nothing; one during an outage adds to the load, so there are three a minute at most.
So too at a rate limit that tells no end, as some services answer an overload. They don't grow further apart: after
hours, too, recovery is to be seen within seconds.
"""


def breakers_of(model: str) -> tuple[Breaker, ...]:
    """The breakers that a call to this model passes, files aside; those that hold longest first."""
    account = (Breaker(Cause.PAUSE), Breaker(Cause.BALANCE), Breaker(Cause.STORAGE))
    return (*account, Breaker(Cause.OUTAGE, model), Breaker(Cause.RATE, model))


def retry_at(
    cause: Cause,
    retry_after_s: float | None,
    now: Clock,
    probes: int,
    *,
    jitter: Callable[[], float] = random,
) -> datetime:
    """When to try next: a moment after AIVAX asks, else at growing intervals, spread. `jitter`: from 0 to 1."""
    first_s, longest_s = INTERVALS_S[cause]
    if cause is Cause.OUTAGE and not probes and retry_after_s is None:  # one probe for all: nothing to spread
        wait_s = first_s
    elif cause is Cause.OUTAGE and probes:  # when a probe begins, the time of the next one is set
        wait_s = retry_after_s or 0.0
    elif retry_after_s is not None:
        wait_s = max(retry_after_s, first_s) + jitter()
    else:
        wait_s = growing_s(probes, first_s, longest_s) * (1 + jitter() / 10)
    return now() + timedelta(seconds=wait_s)


def cause_of(
    error: AivaxError, *, has_media: bool, balance_usd: float | None, storage_full: bool
) -> Cause | None:
    """Why an error trips a breaker, by its type and by what is known of the account; None for what no waiting mends."""
    match error:
        case NoBalance() if storage_full and (balance_usd is None or balance_usd > 0):
            return Cause.STORAGE
        case NoBalance() if has_media and balance_usd is not None and balance_usd > 0:
            return Cause.MEDIA
        case NoBalance():
            return Cause.BALANCE
        case RateLimited():
            return Cause.RATE
        case Unavailable() | AnswerFailed():
            return Cause.OUTAGE
        case _:
            return None


def kind_of(error: AivaxError) -> str:
    """What makes two failures the same: the class of the status, else the word for what went wrong."""
    if error.status >= 500:
        return "5xx"
    if error.status:
        return str(error.status)
    if error.code.endswith("_timeout"):
        return "timeout"
    # a word that the service made up could hold anything
    return error.code if error.code.isidentifier() and len(error.code) <= LONGEST_KIND else "failed"


def told_of(error: AivaxError) -> str:
    """What the service says of a cap on use, for operators alone: one short line, to stand between backticks.

    It was scrubbed of keys and of what was asked (`core.aivax.error_text`); without backticks nothing in it can mean
    anything else than itself.
    """
    if not has_code(Meaning.CAP, (error.code,)):
        return ""
    told = error.detail if error.detail.strip() else error.code
    return shorten(" ".join(told.replace("`", "'").split()), TOLD_CHARS)


def is_certain(error: AivaxError) -> bool:
    """Whether no prompt can be the reason: the service was not even reached."""
    return error.code in ("no_connection", "connect_timeout") and not error.status
