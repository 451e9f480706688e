"""Opens the operator's tools: the files are loaded, and what AIVAX calls stands at `/tools` of the web server."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from importlib.util import find_spec

from starlette.applications import Starlette
from starlette.routing import Route
from starlette.types import ASGIApp

from bots.tools.calls import Calls
from bots.tools.catalogue import Catalogue
from bots.tools.settings import NEEDED, PATH, ToolsSettings
from core.domain import SettingRefused
from core.storage.db import Database
from core.storage.tool_callers import ToolCallers
from core.storage.tool_claims import ToolClaims
from core.util.clock import Clock
from core.util.tasks import TaskSet

__all__ = ["PATH", "open_tools"]


@asynccontextmanager
async def open_tools(
    settings: ToolsSettings, database: Database, *, body_bytes: int, now: Clock | None = None
) -> AsyncIterator[tuple[ASGIApp, Catalogue]]:
    """Load the files and make the application that stands at `/tools`; the children end with the context.

    A file that fails to load keeps nothing from starting: `Catalogue.problem` says so.

    Raises:
        SettingRefused: a package is missing.
    """
    if missing := [name for name in NEEDED if find_spec(name) is None]:
        fix = f"{' and '.join(missing)} must be installed: pip install 'aivax-bots[tools]'"
        raise SettingRefused("[tools] files", value=", ".join(settings.files), fix=fix)
    from bots.tools.gate import Gate  # these import what is missing otherwise
    from bots.tools.mcp_server import open_mcp
    from bots.tools.routes import MCP, tool_routes

    async with AsyncExitStack() as stack:
        catalogue, gate = Catalogue(settings), Gate(settings)
        stack.callback(gate.close)
        stack.push_async_callback(catalogue.aclose)
        await catalogue.load()
        background = TaskSet()
        background.start(catalogue.watch(), name="tools-watch")
        stack.push_async_callback(background.aclose)
        calls = Calls(
            catalogue, ToolCallers(database), ToolClaims(database, now or database.now), settings.timeout_s
        )
        stack.push_async_callback(calls.aclose)
        mcp = await stack.enter_async_context(
            open_mcp(catalogue, calls, gate, sessions=settings.mcp_sessions, body_bytes=body_bytes)
        )
        routes = [*tool_routes(settings, catalogue, calls, gate), Route(MCP, endpoint=mcp)]
        yield Starlette(routes=routes), catalogue
