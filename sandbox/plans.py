"""Holds what an account may ask for: the plans, the limits of public keys, and the windows that count against them."""

from collections import deque
from dataclasses import dataclass
from typing import Final, Literal

PlanName = Literal["free", "pro", "max"]
Limit = tuple[int, float]
"""So many (requests or tokens) in so many seconds."""

MINUTE: Final = 60.0
HOUR: Final = 3600.0
DAY: Final = 86_400.0
MIB: Final = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Plan:
    """What a subscription allows; `None` means no limit of the plan's own."""

    name: PlanName
    requests: tuple[Limit, ...]
    input_tokens_per_min: int | None
    context_tokens: int | None
    storage_bytes: int


PLANS: Final[dict[PlanName, Plan]] = {
    "free": Plan("free", ((20, MINUTE), (500, DAY)), 1_000_000, 65_536, 30 * MIB),
    "pro": Plan("pro", ((200, MINUTE),), 20_000_000, None, 2048 * MIB),
    "max": Plan("max", (), None, None, 20 * 1024 * MIB),
}

PUBLIC_PER_ADDRESS: Final[tuple[Limit, ...]] = ((3, 5.0), (20, MINUTE), (300, HOUR), (1_000, DAY))
PUBLIC_PER_KEY: Final[tuple[Limit, ...]] = ((10, 5.0), (60, MINUTE), (1_500, HOUR), (10_000, DAY))


@dataclass(frozen=True, slots=True)
class Model:
    """Something that answers: a gateway (by slug or UUID) or a hosted model (by tag).

    `group` scales the plan's request limit: common 1.0, discounted 0.5, low 0.3, free 0.1.
    """

    id: str
    owned_by: str
    group: float = 1.0
    context_tokens: int = 1_000_000
    public: bool = False


GATEWAY: Final = "sandbox:50c3"
GATEWAY_UUID: Final = "5a9db0c5-50c3-4b1d-9c3e-2f6e8b7d50c3"
HOSTED: Final = "@sandbox/echo"
MODELS: Final = (
    Model(GATEWAY, "sandbox"),
    Model(GATEWAY_UUID, "sandbox", public=True),
    Model(HOSTED, "sandbox"),
)


class Window:
    """Counts amounts over the last `span_s` seconds and says how long the next one has to wait."""

    def __init__(self, limit: int, span_s: float) -> None:
        self.limit = limit
        self.span_s = span_s
        self._spent: deque[tuple[float, int]] = deque()
        self._total = 0

    def wait_s(self, now: float, amount: int = 1, scale: float = 1.0) -> float:
        """Says how many seconds remain until `amount` fits; 0 when it fits now."""
        self._forget(now)
        excess = self._total + amount - self.limit * scale
        if excess <= 0:
            return 0.0
        for at, spent in self._spent:
            excess -= spent
            if excess <= 0:
                return at + self.span_s - now
        return self.span_s

    def add(self, now: float, amount: int = 1) -> None:
        """Counts an amount."""
        self._spent.append((now, amount))
        self._total += amount

    def _forget(self, now: float) -> None:
        while self._spent and self._spent[0][0] + self.span_s <= now:
            self._total -= self._spent.popleft()[1]


def windows(limits: tuple[Limit, ...]) -> tuple[Window, ...]:
    """Opens one empty window for each limit."""
    return tuple(Window(limit, span_s) for limit, span_s in limits)
