"""What AIVAX calls over HTTP: the listing of functions, each function, and events.

Documentation of October 2026, "Protocol functions" and "Workers". `aivax-bots hooks` prints where they stand.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from bots.tools.actions import ACTION_TYPE
from bots.tools.calls import Calls, context_of
from bots.tools.catalogue import Catalogue, Offered
from bots.tools.gate import Gate, Verdict
from bots.tools.settings import PATH, ToolsSettings

Json: TypeAlias = dict[str, Any]
FUNCTIONS, EVENTS, MCP = "/functions", "/events", "/mcp"
_UNREADABLE = "The call can't be read: it is no JSON object with a function and its content."


def tool_routes(settings: ToolsSettings, catalogue: Catalogue, calls: Calls, gate: Gate) -> list[Route]:
    """The routes below `/tools`."""
    functions = _Functions(f"{settings.public_url}{PATH}{FUNCTIONS}", catalogue, calls, gate)
    events = _Events(frozenset(settings.gateways), calls, gate)
    return [
        Route(FUNCTIONS, functions.listing, methods=["GET"]),
        Route(f"{FUNCTIONS}/{{name}}", functions.call, methods=["POST"]),
        Route(EVENTS, events.happened, methods=["POST"]),
    ]


@dataclass(frozen=True, slots=True)
class _Functions:
    """A source of protocol functions, and their callbacks."""

    base_url: str
    catalogue: Catalogue
    calls: Calls
    gate: Gate

    async def listing(self, request: Request) -> Response:
        """Tell what there is. While a file is broken, what loaded last: a source that fails, fails every answer."""
        verdict = await self.gate.judge(request.headers, needs_secret=False)
        if verdict is not Verdict.WELCOME:
            return _refusal(verdict)
        return JSONResponse({"functions": list(map(self._definition, self.catalogue.tools.values()))})

    def _definition(self, tool: Offered) -> Json:
        return {
            "name": tool.name,
            "description": tool.description,
            "callbackUrl": f"{self.base_url}/{tool.name}",
            "headers": {"Authorization": f"Bearer {self.gate.secret_of(tool.name)}"},
            "contentFormat": tool.schema,
        }

    async def call(self, request: Request) -> Response:
        """Run a function. A failure has the status of success, too: AIVAX hides from the model what has another."""
        name = request.path_params["name"]
        verdict = await self.gate.judge(request.headers, function=name, needs_secret=True)
        if verdict is not Verdict.WELCOME:
            return _refusal(verdict)
        body = _object(await request.body())
        content = _inside(body, "function").get("content")
        if not isinstance(content, dict):
            return PlainTextResponse(_UNREADABLE)
        answer = await self.calls.call(name, content, context_of(_inside(body, "context")))
        return PlainTextResponse(answer.text)


@dataclass(frozen=True, slots=True)
class _Events:
    """Where AIVAX asks about events: another status than one of success stops them."""

    gateways: frozenset[str]
    """Whose events are judged; none: everybody's."""
    calls: Calls
    gate: Gate

    async def happened(self, request: Request) -> Response:
        verdict = await self.gate.judge(request.headers, needs_secret=False)
        if verdict is not Verdict.WELCOME:
            return _refusal(verdict)
        body = _object(await request.body())
        event = _inside(body, "event").get("name")
        if not isinstance(event, str) or (self.gateways and body.get("gatewayId") not in self.gateways):
            return Response(status_code=403)
        came = await self.calls.event(event, body)
        if not came.passes:
            return Response(status_code=403)
        if came.action is None:
            return Response(status_code=204)
        return Response(json.dumps(came.action), media_type=ACTION_TYPE)


def _refusal(verdict: Verdict) -> Response:
    headers = {"Retry-After": "1"} if verdict is Verdict.BUSY else None
    return Response(status_code=verdict.value, headers=headers)


def _object(raw: bytes) -> Json:
    try:
        body = json.loads(raw)
    except (ValueError, RecursionError):
        return {}
    return body if isinstance(body, dict) else {}


def _inside(body: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = body.get(name)
    return value if isinstance(value, dict) else {}
