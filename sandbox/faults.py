"""Keeps the faults that are to come, a queue for each route, and says what each does to an answer."""

import re
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from enum import Enum
from itertools import chain, cycle, islice, takewhile
from typing import Final, Literal, get_args

from sandbox.completions.stream import DONE, Frame

FaultRoute = Literal[
    "completions",
    "balance",
    "models",
    "batch",
    "usage",
    "gateways",
    "knowledge",
    "records",
    "shell",
    "utilities",
    "media",
    "web",
]
FaultKind = Literal["status", "html", "cut", "stream-error", "silence", "drip", "garbage"]

GARBAGE: Final = b'\x00\xff\xfe}{ garbage\n\ndata: {"id": "chatcmpl-\n\n<html>\n\n'
"""Neither UTF-8 nor JSON, and with line ends that look like those of events."""

_DEFAULT_STATUS: Final = {"status": 500, "html": 502, "stream-error": 500}
_DEFAULT_AFTER: Final = {"silence": 0}
_MOST_TIMES = 1_000_000
_DRIPS: Final = (1, 1, 2, 3, 1, 5, 1, 8, 13)
_IMF_DATE = re.compile(r"[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT")


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that goes wrong on a route, `times` requests in a row.

    `status` and `after_chunks` have defaults that depend on the kind; `retry_after` is in seconds or an HTTP date;
    `code` is the word that a failure in a stream has in place of its status, `message` what it says. With `model`, only
    requests for that model meet it.
    Raises `ValueError` when a value makes no sense.
    """

    route: FaultRoute
    kind: FaultKind
    status: int = 0
    retry_after: float | str | None = None
    times: int = 1
    after_chunks: int = -1
    code: str = ""
    message: str = ""
    model: str = ""

    def __post_init__(self) -> None:
        _one_of("route", self.route, get_args(FaultRoute))
        _one_of("kind", self.kind, get_args(FaultKind))
        if self.status == 0:
            object.__setattr__(self, "status", _DEFAULT_STATUS.get(self.kind, 200))
        elif not 400 <= self.status <= 599:
            raise ValueError("'status' must be from 400 to 599")
        if self.after_chunks == -1:
            object.__setattr__(self, "after_chunks", _DEFAULT_AFTER.get(self.kind, 3))
        elif self.after_chunks < 0:
            raise ValueError("'after_chunks' must be 0 or more")
        if not 1 <= self.times <= _MOST_TIMES:
            raise ValueError(f"'times' must be from 1 to {_MOST_TIMES}")
        _check_retry_after(self.retry_after)

    @property
    def before_headers(self) -> bool:
        """Tells whether not even the headers come."""
        return self.kind == "silence" and self.after_chunks == 0


def _one_of(name: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        raise ValueError(f"'{name}' must be one of {', '.join(known)}")


def _check_retry_after(value: float | str | None) -> None:
    if isinstance(value, str) and not _is_http_date(value):
        raise ValueError("'retry_after' must be seconds or an HTTP date like 'Wed, 21 Oct 2026 07:28:00 GMT'")
    if isinstance(value, int | float) and not 0 <= value < float("inf"):
        raise ValueError("'retry_after' must be 0 or more seconds")


def _is_http_date(value: str) -> bool:
    try:
        parsedate_to_datetime(value)
    except ValueError:
        return False
    return _IMF_DATE.fullmatch(value) is not None


class FaultQueues:
    """The faults to come. Each request takes the oldest of its route."""

    def __init__(self, faults: tuple[Fault, ...] = ()) -> None:
        self._queues: dict[str, deque[tuple[Fault, int]]] = {}
        for fault in faults:
            self.add(fault)

    def add(self, fault: Fault) -> None:
        """Queues a fault behind those of the same route."""
        self._queues.setdefault(fault.route, deque()).append((fault, fault.times))

    def take(self, route: FaultRoute, model: str = "") -> Fault | None:
        """Takes one occurrence of the oldest fault of a route that a request for this model meets; None if none is."""
        queue = self._queues.get(route, deque())
        for at, (fault, left) in enumerate(queue):
            if fault.model in ("", model):
                del queue[at]
                if left > 1:
                    queue.insert(at, (fault, left - 1))
                return fault
        return None

    def pending(self) -> list[tuple[Fault, int]]:
        """Lists the faults to come, each with how often it still will."""
        return [entry for queue in self._queues.values() for entry in queue]

    def clear(self) -> int:
        """Forgets every fault and says how many occurrences were dropped."""
        dropped = sum(left for _, left in self.pending())
        self._queues.clear()
        return dropped


class Act(Enum):
    """What a connection can do in place of sending bytes."""

    DROP = "drop"
    HANG = "hang"


Move = Frame | Act


def spoiled(
    frames: Iterator[Frame], fault: Fault, error_event: Callable[[int | str, str], bytes]
) -> Iterator[Move]:
    """Does to the frames of an answer what the fault says."""
    count = fault.after_chunks
    if fault.kind == "drip":
        return _dripping(frames)
    if fault.kind == "garbage":
        return _littered(frames, count)
    begun = takewhile(lambda frame: not frame.final, islice(frames, count))
    if fault.kind == "cut":
        return chain(begun, (Act.DROP,))
    if fault.kind == "silence":
        return chain(begun, (Act.HANG,))
    if fault.kind == "stream-error":
        says = fault.message or f"The sandbox was told to fail after {count} chunks."
        event = error_event(fault.code or fault.status, says)
        return chain(begun, (Frame(event), Frame(DONE, final=True)))
    return frames


def _littered(frames: Iterator[Frame], count: int) -> Iterator[Frame]:
    littered = False
    for index, frame in enumerate(frames):
        if not littered and (index >= count or frame.final):
            yield Frame(GARBAGE)
            littered = True
        yield frame


def _dripping(frames: Iterator[Frame]) -> Iterator[Frame]:
    sizes = cycle(_DRIPS)
    for frame in frames:
        wait_s, start = frame.wait_s, 0
        while start < len(frame.data):
            end = start + next(sizes)
            tokens = frame.tokens if end >= len(frame.data) else 0
            yield Frame(frame.data[start:end], tokens, wait_s, frame.final)
            wait_s, start = 0.0, end
