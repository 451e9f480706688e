"""A call to a platform as a span of the turn that it is made for, named alike on all platforms."""

from __future__ import annotations

from core.domain.metrics import CallOutcome, PlatformCall
from core.domain.spans import OpenSpan, begin
from core.domain.tracing import SpanKind


def begin_call(platform: str, call: PlatformCall, method: str) -> OpenSpan:
    """Begin a call; `method` is what the platform calls it, without ids. Whoever begins it calls `end_call`."""
    told = {"aivax_bots.platform": platform, "aivax_bots.call": call.value, "aivax_bots.method": method}
    return begin(f"{platform} {call.value}", SpanKind.CLIENT, told)


def end_call(span: OpenSpan, outcome: CallOutcome) -> None:
    """The call has ended like this."""
    if outcome is not CallOutcome.OK:
        span.fail(outcome.value)
    span.end()
