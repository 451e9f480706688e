"""What is traced, and the port that traces go into: the core names its spans and knows no library for them.

A trace is one turn, from the event to the end of its answer, whichever processes it passes through. A span is one step
of it, handed over when it has ended. No span holds a text, a name of a person or of a place, or a secret.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

Attribute = str | bool | int | float | tuple[str, ...]
Attributes = Mapping[str, Attribute]


class SpanKind(StrEnum):
    """How a step relates to other programs."""

    INTERNAL = "internal"
    CLIENT = "client"
    """A call to another program."""
    CONSUMER = "consumer"
    """What another program sent is worked on."""


@dataclass(frozen=True, slots=True)
class Span:
    """One step that has ended."""

    name: str
    trace_id: int
    """128 bits."""
    span_id: int
    """64 bits."""
    parent_id: int | None
    """None: the whole turn."""
    kind: SpanKind
    began_ns: int
    """Since 1970."""
    ended_ns: int
    attributes: Attributes = field(default_factory=dict)
    error: str = ""
    """The name of what went wrong; `""`: nothing did."""


class Tracer(Protocol):
    """Where spans go. May be called from any thread; returns at once and never raises."""

    def keeps(self, trace_id: int) -> bool:
        """Whether the spans of this trace are wanted: every process says the same."""

    def record(self, span: Span) -> None:
        """Take in a span of a trace that is kept."""


class NoTracer:
    """Keeps no trace: the default."""

    def keeps(self, trace_id: int) -> bool:
        """None."""
        return False

    def record(self, span: Span) -> None:
        """Forget it."""


NO_TRACER = NoTracer()


@dataclass(frozen=True, slots=True)
class TraceIds:
    """The ids of a turn's trace and of the span that is the whole turn."""

    trace_id: int
    root_id: int

    @classmethod
    def of(cls, key: str) -> TraceIds:
        """Derive them from a turn's key: every process and every attempt comes to the same.

        By a hash, because samplers judge by a trace id's low bits, which are not all random in the key (a UUID).
        """
        digest = hashlib.sha256(b"trace of turn " + key.encode()).digest()
        return cls(int.from_bytes(digest[:16], "big"), int.from_bytes(digest[16:24], "big"))
