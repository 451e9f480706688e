"""Says what the gateway of the sandbox calls, and keeps what it learnt of it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sandbox.refusals import Refusal

CACHED_S = 600.0
FUNCTION_NAME = re.compile(r"[A-Za-z_$][\w$]{2,}", re.ASCII)
_KNOWN = ("hook_key", "function_sources", "mcp_sources", "worker_url", "nonce_cost")
_OF_SOURCE = ("name", "url", "headers", "cacheDuration", "allowClientInstructions", "allowRemoteSkills")


@dataclass(frozen=True, slots=True)
class McpSource:
    """A server of MCP that the gateway has the tools of."""

    name: str
    url: str
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Hooks:
    """The gateway's settings. An empty `hook_key` means that calls bring no nonce."""

    hook_key: str = ""
    function_sources: tuple[str, ...] = ()
    mcp_sources: tuple[McpSource, ...] = ()
    worker_url: str = ""
    nonce_cost: int = 4
    """The cost of the hashes; the real one is unknown."""

    @property
    def any(self) -> bool:
        """Tells whether anything is called at all."""
        return bool(self.function_sources or self.mcp_sources or self.worker_url)


@dataclass(slots=True)
class Memory:
    """Function listings, for as long as they are kept: by URL, when they came and what they said."""

    listings: dict[str, tuple[float, list[Mapping[str, Any]]]] = field(default_factory=dict)


def read_hooks(body: object) -> Hooks:
    """Reads the settings as a tester gives them; raises a 400 refusal that names what is wrong."""
    if not isinstance(body, dict):
        raise Refusal(400, "The body must be a JSON object.")
    for name in body:
        if name not in _KNOWN:
            raise Refusal(400, f"'{name}' is not known here. Known: {', '.join(_KNOWN)}.")
    sources = body.get("function_sources", [])
    if not isinstance(sources, list) or not all(map(_is_url, sources)):
        raise Refusal(400, "'function_sources' must be a list of URLs.")
    servers = body.get("mcp_sources", [])
    if not isinstance(servers, list):
        raise Refusal(400, "'mcp_sources' must be a list of objects.")
    hook_key, worker, cost = body.get("hook_key", ""), body.get("worker_url", ""), body.get("nonce_cost", 4)
    if not isinstance(hook_key, str) or (worker and not _is_url(worker)):
        raise Refusal(400, "'hook_key' must be a text, 'worker_url' a URL.")
    if not isinstance(cost, int) or not 4 <= cost <= 31:
        raise Refusal(400, "'nonce_cost' must be a whole number from 4 to 31.")
    return Hooks(hook_key, tuple(sources), tuple(map(_source, servers)), worker, cost)


def _source(given: object) -> McpSource:
    if not isinstance(given, dict) or not set(given) <= set(_OF_SOURCE):
        raise Refusal(400, f"A source of MCP is an object with {', '.join(_OF_SOURCE)}.")
    headers = given.get("headers", {})
    if not _is_url(given.get("url")) or not isinstance(given.get("name"), str):
        raise Refusal(400, "A source of MCP has a 'name' and a 'url'.")
    if not isinstance(headers, dict) or not all(isinstance(each, str) for each in headers.values()):
        raise Refusal(400, "The 'headers' of a source of MCP are an object of texts.")
    return McpSource(given["name"], given["url"], headers)


def _is_url(value: object) -> bool:
    return isinstance(value, str) and value.startswith(("http://", "https://"))
