"""The functions as an MCP server over Streamable HTTP, for the gateway's `mcpSources`.

Without sessions any process may answer any request. Revisions since 2026-07-28 know none; AIVAX begins with
`initialize`, as those before do (October 2026, "Support for MCP").
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from mcp import types
from mcp.server.lowlevel import Server
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from mcp.shared.exceptions import MCPError
from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from bots.tools.calls import Calls, context_in
from bots.tools.catalogue import Catalogue
from bots.tools.gate import Gate, Verdict
from core import __version__

NONCE_FIELD = "_aiv_nonce"
SESSION_IDLE_S = 600.0
MOST_SESSIONS = 200


class McpApp:
    """Lets a request through that brings our secret. Listing tools rests on that; a call brings a nonce as well."""

    def __init__(self, gate: Gate, app: ASGIApp) -> None:
        self._gate = gate
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not self._gate.knows(Headers(scope=scope)):
            await Response(status_code=Verdict.STRANGER.value)(scope, receive, send)
        elif scope["method"] not in (
            "POST",
            "DELETE",
        ):  # nothing is ever sent unasked, so no stream waits for it
            await Response(status_code=405, headers={"Allow": "POST, DELETE"})(scope, receive, send)
        else:
            await self._app(scope, receive, send)


@asynccontextmanager
async def open_mcp(
    catalogue: Catalogue, calls: Calls, gate: Gate, *, sessions: bool, body_bytes: int
) -> AsyncIterator[ASGIApp]:
    """Make the application that stands at `/tools/mcp`; it answers while the context is open."""

    async def list_tools(
        _context: Any, _params: types.PaginatedRequestParams | None
    ) -> types.ListToolsResult:
        return types.ListToolsResult(
            tools=[
                types.Tool(
                    name=tool.name,
                    description=tool.description,
                    input_schema=tool.schema,
                    annotations=types.ToolAnnotations(read_only_hint=tool.read_only),
                )
                for tool in catalogue.tools.values()
            ]
        )

    async def call_tool(context: Any, params: types.CallToolRequestParams) -> types.CallToolResult:
        meta = dict(context.meta or {})
        if await gate.admit(meta.get(NONCE_FIELD), has_secret=True) is not Verdict.WELCOME:
            raise MCPError(types.INVALID_REQUEST, f"The nonce in _meta.{NONCE_FIELD} is missing or wrong.")
        answer = await calls.call(params.name, params.arguments or {}, context_in(meta))
        text = types.TextContent(type="text", text=answer.text)
        return types.CallToolResult(content=[text], is_error=answer.failed)

    server: Server[Any] = Server(
        "aivax-bots",
        version=__version__,
        on_list_tools=list_tools,
        on_call_tool=call_tool,
        get_tool_input_schema=lambda name: catalogue.tools[name].schema if name in catalogue.tools else None,
    )
    manager = StreamableHTTPSessionManager(
        server,
        json_response=True,
        stateless=not sessions,
        session_idle_timeout=SESSION_IDLE_S,
        max_request_body_size=body_bytes,
        max_sessions=MOST_SESSIONS,
    )
    async with manager.run():
        yield McpApp(gate, manager.handle_request)
