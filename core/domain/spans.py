"""Spans under way. The one that a task is in stands in a context variable, so that whatever it calls can add steps of
its own; where no trace is kept there is none, and each step costs a look at that variable."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

from core.domain.tracing import Attribute, Attributes, Span, SpanKind, TraceIds, Tracer

_NONE: Attributes = {}


@dataclass(slots=True)
class TurnTrace:
    """The trace of one turn in this process."""

    tracer: Tracer
    ids: TraceIds
    ending: dict[str, Attribute] = field(default_factory=dict)
    """What became of the turn, once it has ended."""
    error: str = ""
    put_back: str = ""
    """Why it waits again, where it does."""


class OpenSpan:
    """A step that has begun. This one is of no trace: nothing comes of it."""

    __slots__ = ()

    def set(self, name: str, value: Attribute) -> None:
        """Tell something of the step."""

    def fail(self, error: str) -> None:
        """Tell what went wrong first: the name of an error, never its text."""

    def end(self) -> None:
        """The step is over; only the first call counts."""

    def child(
        self, name: str, kind: SpanKind = SpanKind.INTERNAL, attributes: Attributes = _NONE
    ) -> OpenSpan:
        """Begin a step within this one."""
        return self


class TracedSpan(OpenSpan):
    """A step of a trace that is kept."""

    __slots__ = (
        "_attributes",
        "_began_ns",
        "_error",
        "_is_over",
        "_kind",
        "_name",
        "_parent_id",
        "span_id",
        "trace",
    )

    def __init__(
        self,
        trace: TurnTrace,
        name: str,
        parent_id: int,
        kind: SpanKind = SpanKind.INTERNAL,
        attributes: Attributes = _NONE,
        began_ns: int | None = None,
    ) -> None:
        """It begins now, unless `began_ns` tells when it did."""
        self.trace = trace
        self.span_id = random.getrandbits(64) or 1
        self._name = name
        self._parent_id = parent_id
        self._kind = kind
        self._attributes = dict(attributes)
        self._began_ns = time.time_ns() if began_ns is None else began_ns
        self._error = ""
        self._is_over = False

    def set(self, name: str, value: Attribute) -> None:
        self._attributes[name] = value

    def fail(self, error: str) -> None:
        self._error = self._error or error

    def end(self) -> None:
        if self._is_over:
            return
        self._is_over = True
        trace_id, ended_ns = self.trace.ids.trace_id, max(time.time_ns(), self._began_ns)
        self.trace.tracer.record(
            Span(
                self._name,
                trace_id,
                self.span_id,
                self._parent_id,
                self._kind,
                self._began_ns,
                ended_ns,
                self._attributes,
                self._error,
            )
        )

    def child(
        self, name: str, kind: SpanKind = SpanKind.INTERNAL, attributes: Attributes = _NONE
    ) -> OpenSpan:
        return TracedSpan(self.trace, name, self.span_id, kind, attributes)


NO_SPAN = OpenSpan()
_current: ContextVar[OpenSpan] = ContextVar("span", default=NO_SPAN)


def begin(name: str, kind: SpanKind = SpanKind.INTERNAL, attributes: Attributes = _NONE) -> OpenSpan:
    """Begin a step within the one that this task is in. Whoever begins it ends it."""
    return _current.get().child(name, kind, attributes)


@contextmanager
def span(name: str, kind: SpanKind = SpanKind.INTERNAL, attributes: Attributes = _NONE) -> Iterator[OpenSpan]:
    """Do a step within the one that this task is in; what it raises is told by its name."""
    with within(begin(name, kind, attributes)) as step:
        yield step


@contextmanager
def within(step: OpenSpan) -> Iterator[OpenSpan]:
    """Be in a step until the block ends, and the step with it."""
    token = _current.set(step)
    try:
        yield step
    except BaseException as error:
        step.fail(type(error).__name__)
        raise
    finally:
        _current.reset(token)
        step.end()


def record_first(tracer: Tracer, key: str, name: str, began_ns: int) -> None:
    """Record a step of the turn with this key that ends now, outside of any attempt at it."""
    trace = TurnTrace(tracer, TraceIds.of(key))
    if tracer.keeps(trace.ids.trace_id):
        TracedSpan(trace, name, trace.ids.root_id, began_ns=began_ns).end()


def turn_ended(ending: Mapping[str, Attribute], error: str = "") -> None:
    """Tell what became of the turn that this task runs."""
    if isinstance(step := _current.get(), TracedSpan):
        step.trace.ending, step.trace.error = dict(ending), error


def turn_put_back(why: str) -> None:
    """Tell why the turn that this task runs waits again."""
    if isinstance(step := _current.get(), TracedSpan):
        step.trace.put_back = why
