"""A turn's trace in the process that runs it: how long it waited, the attempt, and, once it has ended, all of it."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime

from core.domain import Turn
from core.domain.spans import TracedSpan, TurnTrace, within
from core.domain.tracing import Attribute, Span, SpanKind, TraceIds, Tracer
from core.turns.worker_pool import TurnRunner
from core.util.log import structlog

ROOT, WAIT, ATTEMPT = "turn", "wait", "attempt"
"""The names of the whole turn, of its wait for a worker, and of one run of it."""
OUTCOME = "aivax_bots.outcome"
LOST = "lost"
"""The outcome of an attempt that neither ended its turn nor put it back: another one took it over."""


class TracedRunner:
    """Runs turns by another runner, and traces each."""

    def __init__(self, inner: TurnRunner, tracer: Tracer) -> None:
        self._inner = inner
        self._tracer = tracer

    async def run(self, turn: Turn) -> None:
        """See `core.turns.worker_pool.TurnRunner`."""
        with traced_turn(self._tracer, turn) as told, structlog.contextvars.bound_contextvars(**told):
            await self._inner.run(turn)


@contextmanager
def traced_turn(tracer: Tracer, turn: Turn) -> Iterator[Mapping[str, str]]:
    """Trace an attempt at a turn; what log lines are to carry meanwhile.

    The span of the whole turn is recorded by the attempt that ends it; the steps before, in whichever process, have
    named it as their parent, since its id follows from the turn's key.
    """
    trace = TurnTrace(tracer, TraceIds.of(turn.key))
    if not tracer.keeps(trace.ids.trace_id):
        yield {}
        return
    now_ns = time.time_ns()
    waited = TracedSpan(trace, WAIT, trace.ids.root_id, began_ns=min(_ns(turn.waiting_since), now_ns))
    waited.end()
    told: dict[str, Attribute] = {
        "aivax_bots.attempt": turn.attempt,
        "aivax_bots.turn": turn.id,
        "gen_ai.conversation.id": str(turn.conversation_id),
    }
    attempt = TracedSpan(trace, ATTEMPT, trace.ids.root_id, attributes=told)
    try:
        with within(attempt):
            yield {"trace_id": f"{trace.ids.trace_id:032x}", "span_id": f"{attempt.span_id:016x}"}
            attempt.set(OUTCOME, trace.ending.get(OUTCOME) or trace.put_back or LOST)
    finally:
        if trace.ending:
            _record_root(trace, turn)


def _record_root(trace: TurnTrace, turn: Turn) -> None:
    ended_ns = time.time_ns()
    whole = Span(
        ROOT,
        trace.ids.trace_id,
        trace.ids.root_id,
        None,
        SpanKind.CONSUMER,
        min(_ns(turn.created_at), ended_ns),
        ended_ns,
        {**trace.ending, "aivax_bots.turn": turn.id, "gen_ai.conversation.id": str(turn.conversation_id)},
        trace.error,
    )
    trace.tracer.record(whole)


def _ns(moment: datetime) -> int:
    return int(moment.timestamp() * 1e9)
