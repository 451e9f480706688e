"""A try of a completion as a span, with those of the tools that ran in it: named as OpenTelemetry's conventions for
generative AI name them (https://opentelemetry.io/docs/specs/semconv/gen-ai/)."""

from __future__ import annotations

import time
from types import TracebackType
from typing import TYPE_CHECKING, Self
from urllib.parse import urlsplit

from core.aivax.request import Dialect
from core.aivax.stream.events import Finished, Text, TimelineEvent, Usage
from core.domain import AivaxError, ToolActivity, ToolState
from core.domain.spans import OpenSpan, begin
from core.domain.tracing import Attribute, SpanKind
from core.util.text import shorten

if TYPE_CHECKING:
    from core.aivax.completions.completion import Completion

AIVAX, OTHER = "aivax", "openai"
"""Who answers, as far as is known: another server is asked as OpenAI is."""
NAME_CHARS = 64
"""Of a tool, a model or a reason, which servers name as they like."""
MOST_TOOLS = 100
"""Calls of tools in one try that have spans."""


def server_of(url: str) -> dict[str, Attribute]:
    """Where a call goes: no path, which may hold ids, and no password."""
    parts = urlsplit(url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    return {"server.address": parts.hostname or "", "server.port": port}


class CallSpan:
    """One try, traced where a trace is kept: `with CallSpan(call) as traced`, and `take` what comes."""

    def __init__(self, call: Completion) -> None:
        model = shorten(call.model, NAME_CHARS)
        self._span = begin(
            f"chat {model}",
            SpanKind.CLIENT,
            {
                "gen_ai.operation.name": "chat",
                "gen_ai.provider.name": AIVAX if call.dialect is Dialect.AIVAX else OTHER,
                "gen_ai.request.model": model,
                "gen_ai.request.stream": True,
                "aivax_bots.try": call.retries.tries,
                **server_of(call.url),
            },
        )
        self._began_s = time.monotonic()
        self._has_text = False
        self._tools: dict[str, OpenSpan] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        for tool in self._tools.values():
            tool.end()  # only those that nothing told the end of are open still
        if error is not None and not isinstance(
            error, GeneratorExit
        ):  # whoever reads on no further has enough
            self._span.fail(type(error).__name__)
        if isinstance(error, AivaxError) and error.status:
            self._span.set("http.response.status_code", error.status)
        self._span.end()

    def take(self, event: TimelineEvent) -> None:
        """Take what the answer brings: of texts no more than when the first one came."""
        match event:
            case Text() if not self._has_text:
                self._has_text = True
                self._span.set("gen_ai.response.time_to_first_chunk", time.monotonic() - self._began_s)
            case ToolActivity():
                self._take_tool(event)
            case Usage():
                self._take_usage(event)
            case Finished(reason):
                self._span.set("gen_ai.response.finish_reasons", (shorten(reason, NAME_CHARS),))
            case _:
                pass

    def _take_usage(self, usage: Usage) -> None:
        self._span.set("gen_ai.usage.input_tokens", usage.prompt_tokens)
        self._span.set("gen_ai.usage.output_tokens", usage.completion_tokens)
        self._span.set("gen_ai.usage.cache_read.input_tokens", usage.cached_tokens)
        if usage.model:
            self._span.set("gen_ai.response.model", shorten(usage.model, NAME_CHARS))
        if usage.credits is not None:
            self._span.set("aivax_bots.cost_usd", usage.credits)

    def _take_tool(self, activity: ToolActivity) -> None:
        tool = self._tools.get(activity.id)
        if tool is None:
            if len(self._tools) >= MOST_TOOLS:
                return
            name = shorten(activity.name, NAME_CHARS)
            told: dict[str, Attribute] = {
                "gen_ai.operation.name": "execute_tool",
                "gen_ai.tool.name": name,
                "gen_ai.tool.call.id": shorten(activity.id, NAME_CHARS),
            }
            tool = self._tools[activity.id] = self._span.child(f"execute_tool {name}", attributes=told)
        if activity.ended:
            if activity.state is ToolState.FAILED:
                tool.fail("tool_failed")
            tool.end()
