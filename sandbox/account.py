"""Keeps the one account of the sandbox: its balance, what was spent, and whether the next request may pass."""

import math
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final

from sandbox.keys import Caller
from sandbox.plans import (
    DAY,
    HOUR,
    MINUTE,
    PLANS,
    PUBLIC_PER_ADDRESS,
    PUBLIC_PER_KEY,
    Model,
    PlanName,
    Window,
    windows,
)
from sandbox.refusals import Refusal

BALANCE_FIELDS: Final = (
    "balance",
    "usage24h",
    "plan",
    "storageUsage",
    "subscriptionModelUsage",
    "planLimits",
)
MEDIA_MINIMUM_USD: Final = {"image": 0.10, "audio": 0.10, "file": 0.50, "video": 0.50}
PROMPT_USD: Final = 1.00 / 1_000_000
COMPLETION_USD: Final = 4.00 / 1_000_000
"""The price of a token; the real service's prices depend on the model."""

_CHARGES_KEPT = 100_000
_ADDRESSES_KEPT = 1_000


@dataclass(frozen=True, slots=True)
class Charge:
    """What one call cost, in USD, at a time in seconds since the epoch."""

    at: float
    usd: float
    prompt_tokens: int
    completion_tokens: int
    model: str = ""


def price_usd(prompt_tokens: int, completion_tokens: int) -> float:
    """Prices a completion in USD."""
    return prompt_tokens * PROMPT_USD + completion_tokens * COMPLETION_USD


class Account:
    """The account behind both keys. `clock` gives seconds since the epoch."""

    def __init__(self, *, balance_usd: float, plan: PlanName, clock: Callable[[], float]) -> None:
        self.balance_usd = balance_usd
        self.plan = PLANS[plan]
        self.clock = clock
        self.lag_s = 0.0
        self.omit: frozenset[str] = frozenset()
        self.over_quota = False
        self._charges: deque[Charge] = deque(maxlen=_CHARGES_KEPT)
        self._requests = windows(self.plan.requests)
        per_min = self.plan.input_tokens_per_min
        self._tokens = () if per_min is None else (Window(per_min, MINUTE),)
        self._public_key = windows(PUBLIC_PER_KEY)
        self._addresses: dict[str, tuple[Window, ...]] = {}

    def set_balance(self, usd: float) -> None:
        """Puts the balance at once where it is told; what was spent before no longer lags behind it."""
        self.balance_usd = usd
        self._charges.clear()

    def charge(self, prompt_tokens: int, completion_tokens: int, model: str = "") -> None:
        """Takes the price of a completion from the balance."""
        self.spend(price_usd(prompt_tokens, completion_tokens), prompt_tokens, completion_tokens, model)

    def spend(self, usd: float, prompt_tokens: int = 0, completion_tokens: int = 0, model: str = "") -> None:
        """Takes a price from the balance, such as that of a search."""
        self.balance_usd -= usd
        self._charges.append(Charge(self.clock(), usd, prompt_tokens, completion_tokens, model))

    def check_funds(self, media: Iterable[str]) -> None:
        """Raises a 402 refusal when the balance, the media minimum or the storage quota forbids the call."""
        if self.over_quota:
            message = "The storage quota of the account is exceeded. Delete stored data or change the plan."
            raise Refusal(402, message, code="storage_quota_exceeded")
        if self.balance_usd <= 0:
            raise Refusal(
                402, "The balance of the account is too low. Add credits.", code="insufficient_balance"
            )
        for kind in media:
            minimum = MEDIA_MINIMUM_USD[kind]
            if self.balance_usd < minimum:
                message = f"A message with {kind} content needs a balance of at least ${minimum:.2f}."
                raise Refusal(402, message, code="insufficient_balance")

    def admit(self, caller: Caller, model: Model, prompt_tokens: int) -> None:
        """Counts a request against every limit that it falls under, or raises a 429 refusal that says when."""
        now = self.clock()
        extra = self._public_windows(caller) if caller.public else ()
        waits = [window.wait_s(now, scale=model.group) for window in self._requests]
        waits += [window.wait_s(now) for window in extra]
        waits += [window.wait_s(now, prompt_tokens) for window in self._tokens]
        wait_s = max(waits, default=0.0)
        if wait_s > 0:
            message = f"The rate limit is reached. Try again in {math.ceil(wait_s)} s."
            raise Refusal(429, message, code="rate_limit_exceeded", retry_after=math.ceil(wait_s))
        for window in (*self._requests, *extra):
            window.add(now)
        for window in self._tokens:
            window.add(now, prompt_tokens)

    def context_tokens(self, model: Model) -> int:
        """Says how many tokens of prompt the plan and the model take."""
        plan = self.plan.context_tokens
        return model.context_tokens if plan is None else min(plan, model.context_tokens)

    def balance_data(self) -> dict[str, Any]:
        """Describes balance and plan as the balance route does: spend shows late, omitted fields are missing."""
        seen = self.seen()
        limit = self.plan.storage_bytes
        values = (
            round(self.balance_usd + sum(c.usd for c in self._charges) - sum(c.usd for c in seen), 9),
            round(self._spent_since(seen, DAY), 9),
            self.plan.name,
            {"usedBytes": limit + 1 if self.over_quota else limit // 25, "limitBytes": limit},
            {"sixHours": self._reserve(seen, 6 * HOUR), "weekly": self._reserve(seen, 7 * DAY)},
            self._limits(),
        )
        described = dict(zip(BALANCE_FIELDS, values, strict=True))
        return {name: value for name, value in described.items() if name not in self.omit}

    def seen(self) -> list[Charge]:
        """Lists what shows by now of what was spent."""
        until = self.clock() - self.lag_s
        return [charge for charge in self._charges if charge.at <= until]

    def _spent_since(self, seen: list[Charge], span_s: float) -> float:
        since = self.clock() - span_s
        return sum(charge.usd for charge in seen if charge.at > since)

    def _reserve(self, seen: list[Charge], span_s: float) -> dict[str, float]:
        return {"used": round(self._spent_since(seen, span_s), 9), "limit": 0.0}

    def _limits(self) -> dict[str, int | None]:
        per_span = {span_s: limit for limit, span_s in self.plan.requests}
        return {
            "requestsPerMinute": per_span.get(MINUTE),
            "requestsPerDay": per_span.get(DAY),
            "inputTokensPerMinute": self.plan.input_tokens_per_min,
            "contextTokens": self.plan.context_tokens,
        }

    def _public_windows(self, caller: Caller) -> tuple[Window, ...]:
        if caller.address not in self._addresses and len(self._addresses) >= _ADDRESSES_KEPT:
            self._addresses.clear()
        mine = self._addresses.setdefault(caller.address, windows(PUBLIC_PER_ADDRESS))
        return (*mine, *self._public_key)
