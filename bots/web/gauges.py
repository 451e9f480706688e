"""What stands somewhere already and is read when metrics are asked for: states, ages, the account, the database."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from bots.monitoring.vitals import Vitals
from core.admission.account import AccountWatch
from core.domain import BotError, Cause
from core.storage.figures import OPEN, Figures, OpenTurns

READ_TIMEOUT_S = 2.0
FRESH_S = 1.0
"""For so long what the database said is told again."""


@dataclass(frozen=True, slots=True)
class Gauge:
    """A number that rises and falls."""

    name: str
    meaning: str
    labels: tuple[str, ...] = ()
    is_shared: bool = False
    """Whether it is read from the database: every process on it tells the same."""


INFO = Gauge("info", "1, with the version of the program and the role of the process.", ("version", "role"))
FRONTEND_UP = Gauge("frontend_up", "1 while the frontend is connected.", ("platform",))
FRONTEND_DEAF = Gauge(
    "frontend_deaf",
    "1 while it is connected and has heard nothing for [web] deaf_after_s; always 0 without that limit.",
    ("platform",),
)
LAST_EVENT = Gauge(
    "last_event_timestamp_seconds",
    "When something was last heard, whoever it was meant for, in seconds since 1970. After a start: when somebody last "
    "spoke with the bot, as stored. Absent: never.",
    ("platform",),
)
LAST_ANSWER = Gauge(
    "last_answer_timestamp_seconds",
    "When an answer was last whole on the platform, by this process, or as stored when it started. Absent: never.",
    ("platform",),
)
DATABASE_UP = Gauge("database_up", "1 while the database answers within 2 s.")
BALANCE = Gauge("balance_usd", "The account's balance, as this process last read it. Absent: not known.")
SPENT_24H = Gauge(
    "account_spent_24h_usd",
    "What the account spent in 24 hours, as AIVAX last told this process. Absent: not known.",
)
OPEN_TURNS = Gauge(
    "open_turns", "Turns that are waiting, running or held.", ("platform", "state"), is_shared=True
)
OLDEST_TURN = Gauge(
    "oldest_turn_age_seconds",
    "The age of the oldest turn that is waiting, running or held. 0: there is none.",
    ("platform", "state"),
    is_shared=True,
)
TRIPPED = Gauge(
    "breakers_tripped", "Circuit breakers that are tripped, by cause.", ("cause",), is_shared=True
)
GAUGES = (
    *(INFO, FRONTEND_UP, FRONTEND_DEAF, LAST_EVENT, LAST_ANSWER, DATABASE_UP, BALANCE, SPENT_24H),
    *(OPEN_TURNS, OLDEST_TURN, TRIPPED),
)

Samples = Mapping[Gauge, Mapping[tuple[str, ...], float]]
"""The values of gauges, by the values of their labels."""


@dataclass(slots=True)
class Readings:
    """Reads the gauges of a process."""

    vitals: Vitals
    account: AccountWatch
    info: tuple[str, str]
    """The version, and the role."""
    read: Callable[[], Awaitable[Figures]]
    """Reads the figures of the database; raises `StorageError`."""
    today: Callable[[], datetime]
    _figures: Figures | None = None
    _read_at: float = float("-inf")
    _reading: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def samples(self) -> Samples:
        """All gauges; those of a database that does not answer are left out."""
        figures = await self._fresh_figures()
        return {
            INFO: {self.info: 1.0},
            DATABASE_UP: {(): float(figures is not None)},
            **dict(self._of_frontends()),
            **dict(self._of_account()),
            **(dict(self._of_database(figures)) if figures is not None else {}),
        }

    async def _fresh_figures(self) -> Figures | None:
        async with self._reading:
            if time.monotonic() - self._read_at >= FRESH_S:
                self._figures = None
                try:
                    async with asyncio.timeout(READ_TIMEOUT_S):
                        self._figures = await self.read()
                except (BotError, TimeoutError):
                    pass  # `database_up` tells it, and the log of whoever needs the database why
                self._read_at = time.monotonic()
            return self._figures

    def _of_frontends(self) -> Iterator[tuple[Gauge, Mapping[tuple[str, ...], float]]]:
        frontends, now = self.vitals.frontends(), self.today().timestamp()
        yield FRONTEND_UP, {(name,): float(each.state in ("up", "deaf")) for name, each in frontends.items()}
        yield FRONTEND_DEAF, {(name,): float(each.state == "deaf") for name, each in frontends.items()}
        ages = {LAST_EVENT: "last_event_s", LAST_ANSWER: "last_answer_s"}
        for gauge, field_name in ages.items():
            known = {name: getattr(each, field_name) for name, each in frontends.items()}
            yield gauge, {(name,): now - ago for name, ago in known.items() if ago is not None}

    def _of_account(self) -> Iterator[tuple[Gauge, Mapping[tuple[str, ...], float]]]:
        for gauge, usd in ((BALANCE, self.account.balance_usd), (SPENT_24H, self.account.usage_24h_usd)):
            if usd is not None:
                yield gauge, {(): usd}

    def _of_database(self, figures: Figures) -> Iterator[tuple[Gauge, Mapping[tuple[str, ...], float]]]:
        platforms = dict.fromkeys((*self.vitals.board.names, *(each.platform for each in figures.open_turns)))
        none: dict[tuple[str, ...], float] = {
            (platform, state): 0.0 for platform in platforms for state in OPEN.values()
        }
        found: dict[tuple[str, ...], OpenTurns] = {
            (each.platform, each.state): each for each in figures.open_turns
        }
        now = self.today()
        yield OPEN_TURNS, {**none, **{key: float(each.number) for key, each in found.items()}}
        ages = {key: max(0.0, (now - each.oldest_at).total_seconds()) for key, each in found.items()}
        yield OLDEST_TURN, {**none, **ages}
        yield TRIPPED, {(cause.value,): float(figures.tripped.get(cause, 0)) for cause in Cause}
