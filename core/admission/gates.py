"""Gates: while one is closed, no call to AIVAX is spent behind it. Closed once for every process on the database.

A gate closes with a refusal that the next call would meet as well. It opens again when the cause is seen to be
gone, or when a single trial call, made at growing intervals, gets through.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from core.errors import AivaxError, NoBalance, RateLimited, Unavailable

DOUBLINGS = 16


class Cause(StrEnum):
    """Why a gate is closed."""

    BALANCE = "balance"
    """The account can't pay: nothing is answered."""
    MEDIA = "media"
    """The balance is below the minimum for files: questions are answered without them."""
    STORAGE = "storage"
    """The account's storage is over its quota."""
    RATE = "rate"
    """The model was asked too often."""
    OUTAGE = "outage"
    """The service, or this model of it, does not answer."""


@dataclass(frozen=True, slots=True)
class Gate:
    """One gate. Those for rates and outages are a model's own; the others are the account's."""

    cause: Cause
    model: str = ""

    @property
    def name(self) -> str:
        return f"{self.cause}:{self.model}" if self.model else str(self.cause)


@dataclass(frozen=True, slots=True)
class Closed:
    """A closed gate, as the database knows it."""

    gate: Gate
    since: datetime
    retry_at: datetime
    """When the next trial call may be made."""
    trials: int
    lowest_usd: float | None = None
    """The lowest balance that was read since it closed."""


@dataclass(frozen=True, slots=True)
class _Interval:
    first_s: float
    longest_s: float


INTERVALS = {
    Cause.BALANCE: _Interval(10.0, 60.0),
    Cause.MEDIA: _Interval(60.0, 600.0),
    Cause.STORAGE: _Interval(30.0, 600.0),
    Cause.RATE: _Interval(1.0, 60.0),
    Cause.OUTAGE: _Interval(5.0, 300.0),
}
"""A trial call of an empty account costs nothing; one during an outage adds to the load."""


def gates_of(model: str) -> tuple[Gate, ...]:
    """The gates that a call to this model passes, files aside; those that hold longest first."""
    account = (Gate(Cause.BALANCE), Gate(Cause.STORAGE))
    return (*account, Gate(Cause.OUTAGE, model), Gate(Cause.RATE, model))


def retry_at(
    cause: Cause, trials: int, now: datetime, retry_after_s: float | None, jitter: Callable[[], float]
) -> datetime:
    """When to try next: a moment after AIVAX asks, else at growing intervals, spread. `jitter`: from 0 to 1."""
    interval = INTERVALS[cause]
    if retry_after_s is not None:
        return now + timedelta(seconds=max(retry_after_s, interval.first_s) + jitter())
    wait_s = min(interval.first_s * 2 ** min(trials, DOUBLINGS), interval.longest_s)
    return now + timedelta(seconds=wait_s * (1 + jitter() / 10))


def cause_of(
    error: AivaxError, *, has_media: bool, balance_usd: float | None, storage_full: bool
) -> Cause | None:
    """Which gate an error closes, by its type and by what is known of the account; None for what no waiting mends."""
    match error:
        case NoBalance() if storage_full and (balance_usd is None or balance_usd > 0):
            return Cause.STORAGE
        case NoBalance() if has_media and balance_usd is not None and balance_usd > 0:
            return Cause.MEDIA
        case NoBalance():
            return Cause.BALANCE
        case RateLimited():
            return Cause.RATE
        case Unavailable():
            return Cause.OUTAGE
        case _:
            return None
