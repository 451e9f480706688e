"""Finds out which functions a gateway has: from listings over HTTP, and from servers of MCP."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sandbox.hooks.config import CACHED_S, FUNCTION_NAME, Hooks, McpSource, Memory
from sandbox.hooks.http import Reply, send
from sandbox.refusals import Refusal

REVISION = "2025-06-18"
"""What the gateway offers in `initialize`, with which it begins; which one AIVAX offers is unstated."""
_KEYS = frozenset({"name", "description", "callbackUrl", "headers", "contentFormat"})


@dataclass(frozen=True, slots=True)
class Function:
    """A function that the model may call. `server` is set where it stands on a server of MCP."""

    name: str
    schema: Mapping[str, Any]
    url: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    server: McpSource | None = None


def nonce_header(hooks: Hooks) -> dict[str, str]:
    """Makes the header that shows where a call comes from; none without a hook key."""
    made = nonce(hooks)
    return {"X-Request-Nonce": made} if made else {}


def nonce(hooks: Hooks) -> str | None:
    """Hashes the hook key anew."""
    if not hooks.hook_key:
        return None
    import bcrypt  # only who tries hooks out needs it

    made: bytes = bcrypt.hashpw(hooks.hook_key.encode()[:72], bcrypt.gensalt(hooks.nonce_cost, b"2a"))
    return made.decode()


async def functions_of(hooks: Hooks, memory: Memory, now: Callable[[], float]) -> dict[str, Function]:
    """Lists all functions by name; a source that fails, fails the completion."""
    found: dict[str, Function] = {}
    for url in hooks.function_sources:
        for definition in await _listing(hooks, memory, now, url):
            _add(found, _checked(definition, url))
    for server in hooks.mcp_sources:
        for tool in (await McpCall.open(server)).tools:
            _add(found, Function(tool["name"], tool["inputSchema"], server=server))
    return found


def _add(found: dict[str, Function], function: Function) -> None:
    if function.name in found:
        raise _broken(f"two tools are called '{function.name}'")
    found[function.name] = function


async def _listing(
    hooks: Hooks, memory: Memory, now: Callable[[], float], url: str
) -> list[Mapping[str, Any]]:
    at, listed = memory.listings.get(url, (float("-inf"), []))
    if now() - at < CACHED_S:
        return listed
    reply = await send("GET", url, nonce_header(hooks))
    if not reply.ok:
        raise _broken(f"the source {url} answered {reply.status}")
    told = _json(reply, url)
    if not isinstance(told, dict) or not isinstance(told.get("functions"), list):
        raise _broken(f"the source {url} lists no functions")
    listed = list(told["functions"])
    memory.listings[url] = now(), listed
    return listed


def _checked(definition: object, url: str) -> Function:
    if not isinstance(definition, dict) or not set(definition) <= _KEYS:
        raise _broken(f"a function of {url} has other keys than {', '.join(sorted(_KEYS))}")
    name, schema = definition.get("name"), definition.get("contentFormat")
    if not isinstance(name, str) or not FUNCTION_NAME.fullmatch(name):
        raise _broken(f"the name {name!r} is no identifier of three characters or more")
    if not isinstance(schema, dict) or schema.get("type") != "object" or "properties" not in schema:
        raise _broken(f"the function {name} has no object schema")
    if not isinstance(definition.get("description"), str) or not definition["description"]:
        raise _broken(f"the function {name} has no description")
    if not str(definition.get("callbackUrl")).startswith(("http://", "https://")):
        raise _broken(f"the function {name} has no callback")
    return Function(name, schema, definition["callbackUrl"], definition.get("headers") or {})


@dataclass(slots=True)
class McpCall:
    """A conversation with a server of MCP: begun, and its tools listed."""

    server: McpSource
    session: str = ""
    tools: list[Mapping[str, Any]] = field(default_factory=list)

    @classmethod
    async def open(cls, server: McpSource) -> "McpCall":
        """Begins it."""
        call = cls(server)
        hello = {"name": "sandbox", "version": "1"}
        begun = {"protocolVersion": REVISION, "capabilities": {}, "clientInfo": hello}
        result = await call.ask("initialize", begun)
        if "tools" in result.get("capabilities", {}):
            await call._send({"jsonrpc": "2.0", "method": "notifications/initialized"})
            call.tools = (await call.ask("tools/list", {}))["tools"]
        return call

    async def ask(self, method: str, params: Mapping[str, Any]) -> Mapping[str, Any]:
        """Asks something; a server that answers no result fails the completion."""
        reply = await self._send({"jsonrpc": "2.0", "id": 1, "method": method, "params": params})
        if not reply.ok:
            raise _broken(f"the server {self.server.url} answered {reply.status} to {method}")
        self.session = reply.headers.get("mcp-session-id", self.session)
        told = _json(reply, self.server.url)
        if not isinstance(told, dict) or not isinstance(told.get("result"), dict):
            raise _broken(f"the server {self.server.url} refused {method}: {told}")
        return dict(told["result"])

    async def _send(self, message: Mapping[str, Any]) -> Reply:
        headers = {"Accept": "application/json, text/event-stream", **self.server.headers}
        if message["method"] != "initialize":
            headers["MCP-Protocol-Version"] = REVISION
        if self.session:
            headers["Mcp-Session-Id"] = self.session
        return await send("POST", self.server.url, headers, message)


def _json(reply: Reply, url: str) -> Any:
    text = reply.text
    if reply.headers.get("content-type", "").startswith("text/event-stream"):
        text = "".join(line[5:] for line in text.splitlines() if line.startswith("data:"))
    try:
        return json.loads(text)
    except ValueError as exc:
        raise _broken(f"{url} answered no JSON") from exc


def _broken(what: str) -> Refusal:
    return Refusal(500, f"The tools could not be prepared: {what}.", code="server_error")
