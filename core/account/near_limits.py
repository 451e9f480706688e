"""Which limits of the plan are nearly reached."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from core.aivax.account import Balance
from core.aivax.account_routes.fields import first_amount

NEAR = 0.8
"""From this part on, 1 being all of it, a limit is near."""
_CALLS_A_DAY = {"free": 500}
"""AIVAX documentation of October 2026, "Limits": other plans have none."""

Kind = Literal["storage", "calls"]


@dataclass(frozen=True, slots=True)
class Limit:
    """A limit of the plan, and how much of it is used, 1 being all of it."""

    kind: Kind
    part: float

    @property
    def percent(self) -> int:
        return round(self.part * 100)

    @property
    def is_near(self) -> bool:
        return self.part >= NEAR


def limits_of(balance: Balance, calls_24h: int | None) -> tuple[Limit, ...]:
    """The limits of which it is known how much is used. `calls_24h`: those that this bot made; None: not counted."""
    found = []
    if (part := balance.storage_part) is not None:
        found.append(Limit("storage", part))
    if calls_24h is not None and (calls := calls_a_day(balance)):
        found.append(Limit("calls", calls_24h / calls))
    return tuple(found)


def calls_a_day(balance: Balance) -> int | None:
    """How many calls the plan takes in a day, as it or the documentation tells; None: none is known."""
    told = first_amount(balance.plan_limits or {}, ("requestsPerDay", "dailyRequests"))
    known = next((_CALLS_A_DAY[word] for word in balance.plan.lower().split() if word in _CALLS_A_DAY), None)
    return int(told) if told else known
