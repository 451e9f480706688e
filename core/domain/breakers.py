"""The values of the circuit breakers: what can trip, why, and what a tripped one says to a turn."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

CONFIRMS = 2
"""Two people's failure closes a gate; so many more may contradict it at once."""
TRIAL_S = 20.0
"""How long a trial call may be without a sign of life before another one may be made: three a minute at most."""


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
    is_tried: bool = False
    """Whether a trial call is under way: who is held may come back when it ends."""
    confirms: int = 0
    """How many people more, whose calls did not fail, may be tried at once: a suspicion is not yet an outage."""
    is_new: bool = False
    """Whether it has closed just now."""


@dataclass(frozen=True, slots=True)
class Passage:
    """What the gates say to a turn: the one that holds it, or none."""

    closed: Closed | None = None
    is_probe: bool = False
    """It passes a closed gate, as its trial call."""


@dataclass(frozen=True, slots=True)
class Fault:
    """A failure that is this question's own: it closes no gate."""

    gate: Gate
    tries: int
    """How many of the question's tries failed so."""
