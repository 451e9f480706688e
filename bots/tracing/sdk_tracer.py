"""Spans of the core through OpenTelemetry's SDK to a collector.

The only module that knows `opentelemetry`; it is imported where traces are wanted and nowhere else. Spans wait in a
bounded queue, and a thread of the SDK sends them: a collector that is away, slow or refuses costs spans, never a turn.
"""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import threading
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from urllib.parse import urlsplit

import requests
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.id_generator import IdGenerator
from opentelemetry.sdk.trace.sampling import Decision, TraceIdRatioBased
from opentelemetry.trace import NonRecordingSpan, SpanContext, Status, StatusCode, TraceFlags

import core
from bots.tracing.settings import OtelSettings
from core.domain.tracing import Span, SpanKind
from core.util.addresses import is_loopback
from core.util.log import log
from core.util.text import shorten

SCOPE = "aivax_bots"
FLUSH_S = 5.0
"""How long the end of the process waits for spans that are not sent yet."""
_CAUSE_CHARS = 300
_KINDS = {
    SpanKind.INTERNAL: trace.SpanKind.INTERNAL,
    SpanKind.CLIENT: trace.SpanKind.CLIENT,
    SpanKind.CONSUMER: trace.SpanKind.CONSUMER,
}
_SAMPLED = TraceFlags(TraceFlags.SAMPLED)


class _GivenIds(IdGenerator):
    """Gives each span the ids that the core chose for it."""

    def __init__(self) -> None:
        self.trace_id = self.span_id = 0

    def generate_trace_id(self) -> int:
        return self.trace_id

    def generate_span_id(self) -> int:
        return self.span_id


class _LastWords(logging.Handler):
    """Takes what the SDK logs: a line for each batch that is not sent would fill the log of a whole outage."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.cause = ""

    def emit(self, record: logging.LogRecord) -> None:
        with suppress(TypeError, ValueError):
            self.cause = shorten(record.getMessage(), _CAUSE_CHARS)


class _ToldExporter(SpanExporter):
    """Says once that spans are lost, and once that they arrive again."""

    def __init__(self, inner: SpanExporter, words: _LastWords) -> None:
        self._inner = inner
        self._words = words
        self._lost = 0

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        result = self._inner.export(spans)
        if result is not SpanExportResult.SUCCESS:
            if not self._lost:
                log.warning(
                    "traces.not_sent", cause=self._words.cause, consequence="spans are lost meanwhile"
                )
            self._lost += len(spans)
        elif self._lost:
            log.info("traces.sent_again", lost_spans=self._lost)
            self._lost = 0
        return result

    def shutdown(self) -> None:
        self._inner.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        return self._inner.force_flush(timeout_millis)


class SdkTracer:
    """`core.domain.tracing.Tracer` over OpenTelemetry's SDK."""

    def __init__(self, provider: TracerProvider, ids: _GivenIds) -> None:
        self._provider = provider
        self._ids = ids
        self._tracer = provider.get_tracer(SCOPE, core.__version__)
        self._lock = threading.Lock()

    def keeps(self, trace_id: int) -> bool:
        """See `core.domain.tracing.Tracer`."""
        return (
            self._provider.sampler.should_sample(None, trace_id, "turn").decision
            is Decision.RECORD_AND_SAMPLE
        )

    def record(self, span: Span) -> None:
        """See `core.domain.tracing.Tracer`."""
        try:
            self._record(span)
        except Exception:  # a bug here is no reason for somebody to get no answer
            log.exception("traces.unfit", span=span.name)

    def _record(self, span: Span) -> None:
        within = Context()
        if span.parent_id is not None:
            parent = SpanContext(span.trace_id, span.parent_id, is_remote=True, trace_flags=_SAMPLED)
            within = trace.set_span_in_context(NonRecordingSpan(parent), within)
        attributes = {**span.attributes, **({"error.type": span.error} if span.error else {})}
        with self._lock:
            self._ids.trace_id, self._ids.span_id = span.trace_id, span.span_id
            made = self._tracer.start_span(
                span.name, within, _KINDS[span.kind], attributes, start_time=span.began_ns
            )
        if span.error:
            made.set_status(Status(StatusCode.ERROR))
        made.end(span.ended_ns)


def _resource() -> Resource:
    """What every span tells of this process; `OTEL_SERVICE_NAME` and `OTEL_RESOURCE_ATTRIBUTES` win."""
    ours = {
        "service.name": "aivax-bots",
        "service.version": core.__version__,
        "service.instance.id": f"{socket.gethostname()}-{os.getpid()}",
    }
    given = OTELResourceDetector().detect().attributes
    return Resource.create({name: value for name, value in ours.items() if name not in given})


def _session_to(settings: OtelSettings) -> requests.Session:
    """Who sends: past the machine's proxies where the collector stands on this machine, which no proxy reaches."""
    given = (
        os.environ.get(name) for name in ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
    )
    url = settings.traces_url or next(filter(None, given), "http://localhost:4318")
    session = requests.Session()
    session.trust_env = not is_loopback(urlsplit(url).hostname or "")
    return session


@asynccontextmanager
async def open_tracer(settings: OtelSettings) -> AsyncIterator[SdkTracer]:
    """Send spans to the collector of the settings; at the end, those that wait, for `FLUSH_S` at most."""
    ids, words, sdk_log = _GivenIds(), _LastWords(), logging.getLogger("opentelemetry")
    exporter = OTLPSpanExporter(
        settings.traces_url or None, headers=settings.sent_headers or None, session=_session_to(settings)
    )
    is_own_ratio = "sample" in settings.model_fields_set
    provider = TracerProvider(
        TraceIdRatioBased(settings.sample) if is_own_ratio else None,
        _resource(),
        shutdown_on_exit=False,
        id_generator=ids,
    )
    provider.add_span_processor(BatchSpanProcessor(_ToldExporter(exporter, words)))
    handlers, propagates = sdk_log.handlers[:], sdk_log.propagate
    sdk_log.handlers[:], sdk_log.propagate = [words], False
    try:
        yield SdkTracer(provider, ids)
    finally:
        await _shut_down(provider)
        sdk_log.handlers[:], sdk_log.propagate = handlers, propagates


async def _shut_down(provider: TracerProvider) -> None:
    """Have a thread send the rest. It is left behind where it takes too long, and keeps no process from ending."""
    loop, done = asyncio.get_running_loop(), asyncio.Event()

    def shut_down() -> None:
        provider.shutdown()
        with suppress(RuntimeError):  # the loop has ended meanwhile
            loop.call_soon_threadsafe(done.set)

    threading.Thread(target=shut_down, name="traces-flush", daemon=True).start()
    try:
        async with asyncio.timeout(FLUSH_S):
            await done.wait()
    except TimeoutError:
        log.warning("traces.not_flushed", waited_s=FLUSH_S)
