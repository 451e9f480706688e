"""What is measured, and the port that measurements go into: the core names its metrics and knows no library for them.

Each is counted once, where the thing happens, by the process in which it happens. Labels have few values that are known
beforehand: never a person, a channel, a text or a secret.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from core.domain.messages import PassedOver, Receipt
from core.domain.turn import ENDED

_WAITS_S = (0.25, 0.5, 1.0, 2.0, 3.0, 5.0, 8.0, 13.0, 20.0, 30.0, 60.0, 120.0, 300.0, 900.0, 3600.0)
_QUERIES_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 60.0)
_STALLS_S = (0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)

Labels = Mapping[str, tuple[str, ...]]
"""The names of labels, each with its values as far as they are known beforehand: () where they are not."""
_PLATFORM: Labels = {"platform": ()}


@dataclass(frozen=True, slots=True, eq=False)
class Counter:
    """A number that only grows, from 0 at the start of the process."""

    name: str
    """With its unit, without the prefix that all names of the program get."""
    meaning: str
    labels: Labels = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class Histogram:
    """How often something took how long."""

    name: str
    meaning: str
    buckets: tuple[float, ...]
    """The upper bounds."""
    labels: Labels = field(default_factory=dict)


class Meter(Protocol):
    """Where measurements go. May be called from any thread; returns at once and never raises."""

    def count(self, what: Counter, by: float = 1.0, **labels: str) -> None:
        """Add to a counter."""

    def observe(self, what: Histogram, value: float, **labels: str) -> None:
        """Take in one value."""


class NoMeter:
    """Measures nothing: the default."""

    def count(self, what: Counter, by: float = 1.0, **labels: str) -> None:
        """Forget it."""

    def observe(self, what: Histogram, value: float, **labels: str) -> None:
        """Forget it."""


NO_METER = NoMeter()


class CallOutcome(StrEnum):
    """What became of a call to a platform."""

    OK = "ok"
    RATE_LIMITED = "rate_limited"
    """The platform answered 429, or its word for it."""
    REFUSED = "refused"
    """It will not do it: gone, forbidden, not valid."""
    FAILED = "failed"
    """It could not do it, or gave no answer."""


class PlatformCall(StrEnum):
    """What a call to a platform is for, in words that all platforms share."""

    POST = "post"
    EDIT = "edit"
    DELETE = "delete"
    STREAM_START = "stream_start"
    STREAM_APPEND = "stream_append"
    STREAM_STOP = "stream_stop"
    OTHER = "other"


class TurnKind(StrEnum):
    """What a turn does."""

    QUESTION = "question"
    """The model is asked."""
    CAPABILITY = "capability"
    """Something that the bot does by a word, such as to draw."""
    NOTICE = "notice"
    """A sentence of the bot's own: no model is asked."""


class PutBack(StrEnum):
    """Why a turn waits again."""

    HELD = "held"
    """By a circuit breaker; its author is told."""
    PAUSED = "paused"
    """By a circuit breaker, for a moment."""
    DELAYED = "delayed"
    """The platform could not take the answer, there was no room, or the process ends."""


def reason_label(reason: PassedOver) -> str:
    """`another bot` -> `another_bot`."""
    return reason.replace(" ", "_").replace("'", "")


_STATUSES = (
    "200",
    "400",
    "401",
    "402",
    "403",
    "404",
    "429",
    "500",
    "502",
    "503",
    "504",
    "524",
    "none",
    "other",
)
_OUTCOMES = tuple(each.value for each in ENDED)

EVENTS = Counter(
    "events_total",
    "Events that a frontend heard and handed over. A duplicate was seen before.",
    {
        **_PLATFORM,
        "event": ("said", "edited", "deleted", "left", "commanded", "pressed"),
        "receipt": tuple(each.value for each in Receipt),
    },
)
PASSED_OVER = Counter(
    "passed_over_total",
    "Events that were not answered, by why.",
    {**_PLATFORM, "reason": tuple(map(reason_label, PassedOver))},
)
TURNS = Counter(
    "turns_total",
    "Turns that this process brought to their end. A notice is a sentence of the bot's own, without a model. "
    "What its author drops while it waits never runs, and is not counted.",
    {
        **_PLATFORM,
        "place": ("direct", "thread", "channel"),
        "kind": tuple(each.value for each in TurnKind),
        "outcome": _OUTCOMES,
    },
)
TURN_FAILURES = Counter(
    "turn_failures_total", "Turns that failed, by the name of the error.", {**_PLATFORM, "error": ()}
)
PUT_BACK = Counter(
    "turns_put_back_total",
    "Times that a turn went back to wait: held by a circuit breaker, paused by one for a moment, or delayed (the "
    "platform could not take the answer, there was no room, or the process ended).",
    {**_PLATFORM, "why": tuple(each.value for each in PutBack)},
)
CLAIMS = Counter(
    "claims_total",
    "Looks for a turn to run. Nothing: another process has it, its conversation is busy, or no call is free.",
    {"found": ("turn", "nothing")},
)
FIRST_TEXT = Histogram(
    "turn_first_text_seconds",
    "From a question to the first text of its answer that shows on the platform, waits included.",
    _WAITS_S,
    _PLATFORM,
)
TURN_TIME = Histogram(
    "turn_seconds",
    "From a question to the end of its answer on the platform, waits included. Notices are left out.",
    _WAITS_S,
    {**_PLATFORM, "outcome": _OUTCOMES},
)
TOKENS = Counter(
    "tokens_total",
    "Tokens that answers took, as AIVAX told; cached ones are a part of those of the prompt.",
    {**_PLATFORM, "direction": ("prompt", "cached", "completion")},
)
SPENT = Counter("spent_usd_total", "What answers cost in USD, as far as AIVAX told.", _PLATFORM)
AIVAX_CALLS = Counter(
    "aivax_calls_total",
    "HTTP requests to AIVAX by the status of the answer; none: no answer came, or it was waited for no longer.",
    {"call": ("completion", "account", "other"), "status": _STATUSES},
)
PLATFORM_CALLS = Counter(
    "platform_calls_total",
    "Calls to a platform's API. Rate limited: it answered 429. Failed: it could not, or gave no answer.",
    {
        **_PLATFORM,
        "call": tuple(each.value for each in PlatformCall),
        "outcome": tuple(each.value for each in CallOutcome),
    },
)
STALLS = Histogram(
    "loop_stall_seconds",
    "Steps that held up the event loop for [log] stalled_after_s or longer, in seconds of the processor's time.",
    _STALLS_S,
)
DATABASE_TIME = Histogram(
    "database_seconds",
    "How long transactions took, the wait for their turn included.",
    _QUERIES_S,
    {"operation": ("read", "write")},
)
DATABASE_ERRORS = Counter(
    "database_errors_total",
    "Transactions that the database could not do, by the name of the error.",
    {"error": ()},
)
MEASURED: tuple[Counter | Histogram, ...] = (
    *(EVENTS, PASSED_OVER, TURNS, TURN_FAILURES, PUT_BACK, CLAIMS, FIRST_TEXT, TURN_TIME, TOKENS, SPENT),
    AIVAX_CALLS,
    *(PLATFORM_CALLS, STALLS, DATABASE_TIME, DATABASE_ERRORS),
)
