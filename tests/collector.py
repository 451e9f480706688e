"""A small collector of OpenTelemetry: takes spans over OTLP and HTTP on loopback, or does as a broken one does."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.common.v1.common_pb2 import AnyValue
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bots.web.server import serve
from tests.waiting import until

PATH = "/v1/traces"


@dataclass(frozen=True, slots=True)
class Collected:
    """A span as it came over the wire."""

    name: str
    trace: str
    id: str
    parent: str
    kind: int
    began_ns: int
    ended_ns: int
    attributes: dict[str, Any]
    is_error: bool
    process: str
    """`service.instance.id` of who sent it."""


@dataclass
class Collector:
    """What came, and how the next requests are answered."""

    port: int = 0
    spans: list[Collected] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    status: int = 200
    going: asyncio.Event = field(default_factory=asyncio.Event)
    """While it is not set, requests are not answered."""
    requests: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def said(self) -> bytes:
        """All that came, as it came."""
        return b"".join(self.bodies)

    def named(self, name: str) -> list[Collected]:
        return [each for each in self.spans if each.name == name]

    async def whole(self, traces: int = 1) -> list[Collected]:
        """All spans, once so many whole turns have come, and what they name as their parents."""

        def came() -> bool:
            ids = {each.id for each in self.spans} | {""}
            return len(self.named("turn")) >= traces and all(each.parent in ids for each in self.spans)

        await until(f"{traces} whole traces", came)
        return self.spans

    async def take(self, request: Request) -> Response:
        self.requests += 1
        body = await request.body()
        await self.going.wait()  # no deadline: until the test lets it go on
        if self.status == 200:
            self.bodies.append(body)
            self.headers.append(dict(request.headers))
            self._take(ExportTraceServiceRequest.FromString(body))
        answer = ExportTraceServiceResponse().SerializeToString()
        return Response(answer, self.status, media_type="application/x-protobuf")

    def _take(self, request: ExportTraceServiceRequest) -> None:
        for resource in request.resource_spans:
            about = {each.key: _plain(each.value) for each in resource.resource.attributes}
            assert about["service.name"] == "aivax-bots"
            for scope in resource.scope_spans:
                for span in scope.spans:
                    self.spans.append(
                        Collected(
                            span.name,
                            span.trace_id.hex(),
                            span.span_id.hex(),
                            span.parent_span_id.hex(),
                            span.kind,
                            span.start_time_unix_nano,
                            span.end_time_unix_nano,
                            {each.key: _plain(each.value) for each in span.attributes},
                            span.status.code == 2,
                            about["service.instance.id"],
                        )
                    )


def _plain(value: AnyValue) -> Any:
    if value.WhichOneof("value") == "array_value":
        return [_plain(each) for each in value.array_value.values]
    return getattr(value, value.WhichOneof("value") or "string_value")


@asynccontextmanager
async def collecting() -> AsyncIterator[Collector]:
    """A collector that answers."""
    collector = Collector()
    collector.going.set()
    async with serve([Route(PATH, collector.take, methods=["POST"])], {}, "127.0.0.1", 0) as port:
        collector.port = port
        try:
            yield collector
        finally:
            collector.going.set()
