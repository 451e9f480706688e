"""`GET /metrics`: everything that is measured, in the text form of Prometheus.

The only module that knows `prometheus_client`; it is imported where metrics are served and nowhere else.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import product

import prometheus_client as prometheus
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector, CollectorRegistry
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from bots.web.bearer import bears, is_local
from bots.web.gauges import GAUGES, Readings, Samples
from core.domain.metrics import MEASURED, Counter, Histogram
from core.util.log import log

PREFIX = "aivax_bots_"


class PrometheusMeter:
    """`core.domain.metrics.Meter` over Prometheus' own client."""

    def __init__(self, platforms: Sequence[str]) -> None:
        """What is known beforehand of labels begins at 0, so that the first increase shows as one."""
        prometheus.disable_created_metrics()  # type: ignore[no-untyped-call]  # it has no types there
        self.registry = CollectorRegistry(auto_describe=False)
        self._counters: dict[Counter, prometheus.Counter] = {}
        self._histograms: dict[Histogram, prometheus.Histogram] = {}
        for each in MEASURED:
            name, labels = PREFIX + each.name, tuple(each.labels)
            made: prometheus.Counter | prometheus.Histogram
            if isinstance(each, Counter):
                made = prometheus.Counter(name, each.meaning, labels, registry=self.registry)
                self._counters[each] = made
            else:
                made = prometheus.Histogram(
                    name, each.meaning, labels, buckets=each.buckets, registry=self.registry
                )
                self._histograms[each] = made
            known = {**each.labels, **({"platform": tuple(platforms)} if "platform" in labels else {})}
            if labels and all(known.values()):
                for values in product(*known.values()):
                    made.labels(*values)
        prometheus.ProcessCollector(registry=self.registry)

    def count(self, what: Counter, by: float = 1.0, **labels: str) -> None:
        """See `core.domain.metrics.Meter`."""
        counter = self._counters[what]
        with _unharmed(what):
            (counter.labels(**labels) if labels else counter).inc(by)

    def observe(self, what: Histogram, value: float, **labels: str) -> None:
        """See `core.domain.metrics.Meter`."""
        histogram = self._histograms[what]
        with _unharmed(what):
            (histogram.labels(**labels) if labels else histogram).observe(value)


@contextmanager
def _unharmed(what: Counter | Histogram) -> Iterator[None]:
    """A label or a value that does not fit is a bug, and no reason for somebody to get no answer."""
    try:
        yield
    except ValueError:
        log.exception("metrics.unfit", metric=what.name)


class _Gauges(Collector):
    """Tells the gauges as they were last read."""

    def __init__(self) -> None:
        self.samples: Samples = {}

    def collect(self) -> Iterator[GaugeMetricFamily]:
        for gauge in GAUGES:
            family = GaugeMetricFamily(PREFIX + gauge.name, gauge.meaning, labels=gauge.labels)
            for values, number in self.samples.get(gauge, {}).items():
                family.add_metric(values, number)
            yield family


def metrics_routes(meter: PrometheusMeter, readings: Readings, *, token: str) -> list[Route]:
    """`GET /metrics` for who sends `Authorization: Bearer <token>`; without a token, for this machine alone."""
    gauges = _Gauges()
    meter.registry.register(gauges)

    async def metrics(request: Request) -> Response:
        if not (bears(request, token) if token else is_local(request)):
            fix = "send [web] metrics_token as a bearer token" if token else "set [web] metrics_token"
            return PlainTextResponse(f"{fix}\n", 401, {"WWW-Authenticate": "Bearer"})
        gauges.samples = await readings.samples()
        encode, content_type = choose_encoder(request.headers.get("accept", ""))
        return Response(encode(meter.registry), media_type=content_type)

    return [Route("/metrics", metrics)]
