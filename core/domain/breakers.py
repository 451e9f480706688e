"""The values of the circuit breakers: what can trip, why, and what a tripped one says to a turn."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from core.domain.turn import CancelRequest

CONFIRMS = 2
"""Two people's failure trips a breaker; so many more may contradict it at once."""
PROBE_S = 20.0
"""How long a probe may be without a sign of life before another one may be made: three a minute at most."""


class Cause(StrEnum):
    """Why a breaker is tripped."""

    PAUSE = "pause"
    """An operator holds all answers: no probe is made, and nothing but an operator resets it."""
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
class Breaker:
    """One breaker. Those for rates and outages are a model's own; the others are the account's."""

    cause: Cause
    model: str = ""

    @property
    def name(self) -> str:
        return f"{self.cause}:{self.model}" if self.model else str(self.cause)


@dataclass(frozen=True, slots=True)
class Tripped:
    """A tripped breaker, as the database knows it."""

    breaker: Breaker
    since: datetime
    retry_at: datetime
    """When the next probe may be made."""
    probes: int
    lowest_usd: float | None = None
    """The lowest balance that was read since it tripped."""
    is_tried: bool = False
    """Whether a probe is under way: who is held may come back when it ends."""
    confirms: int = 0
    """How many people more, whose calls did not fail, may be tried at once: a suspicion is not yet an outage."""
    is_new: bool = False
    """Whether it has just tripped."""
    told: str = ""
    """What operators are to hear that the service said of it."""
    sentence: str = ""
    """What people are told, where that is the operator's own sentence; `""`: the catalogue's."""


@dataclass(frozen=True, slots=True)
class Passage:
    """What the breakers say to a turn: the one that holds it, or none."""

    tripped: Tripped | None = None
    is_probe: bool = False
    """It passes a tripped breaker, as its probe."""
    cancel_request: CancelRequest | None = None
    """What its author wants of it, read at the same instant."""


@dataclass(frozen=True, slots=True)
class Fault:
    """A failure that is this question's own: it trips no breaker."""

    breaker: Breaker
    tries: int
    """How many of the question's tries failed so."""
