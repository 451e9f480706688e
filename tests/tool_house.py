"""The operator's tools on a real socket, with a caller that knows every key, or gets one of them wrong."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent
from typing import Any

import bcrypt
import httpx

from bots.tools.catalogue import Catalogue
from bots.tools.service import open_tools
from bots.tools.settings import PATH, ToolsSettings
from bots.web.bounds import Bounds
from bots.web.server import serve
from core.aivax.transport import trusted
from core.storage.db import Database

HOOK_KEY = "hook-key-of-the-account"
SECRET = "a-secret-of-our-own"
PATIENT = Bounds(request_timeout_s=120, keep_alive_s=60)
"""No call of a busy machine is turned away for being slow."""
Json = dict[str, Any]


def nonce(key: str = HOOK_KEY, cost: int = 4) -> str:
    """What AIVAX sends, at the least cost."""
    return bcrypt.hashpw(key.encode()[:72], bcrypt.gensalt(cost, b"2a")).decode()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


def written(folder: Path, source: str, name: str = "shop.py") -> str:
    path = folder / name
    path.write_text(dedent(source), encoding="utf-8")
    return str(path)


def tools_settings(*files: str, port: int = 1, **more: Any) -> ToolsSettings:
    given: Json = {
        "files": files,
        "public_url": f"http://127.0.0.1:{port}",
        "hook_key": HOOK_KEY,
        "header_secret": SECRET,
    }
    return ToolsSettings.model_validate({**given, **more})


@dataclass(frozen=True, slots=True)
class House:
    """The tools, served, and AIVAX' side of the line."""

    url: str
    http: httpx.AsyncClient
    catalogue: Catalogue

    async def listing(self, **headers: str) -> httpx.Response:
        return await self.http.get(f"{self.url}/functions", headers={"X-Request-Nonce": nonce(), **headers})

    async def functions(self) -> dict[str, Json]:
        return {each["name"]: each for each in (await self.listing()).json()["functions"]}

    async def post(self, name: str, body: object, headers: Mapping[str, str] | None = None) -> httpx.Response:
        right = {"X-Request-Nonce": nonce(), "Authorization": f"Bearer {SECRET}"}
        return await self.http.post(f"{self.url}/functions/{name}", json=body, headers=headers or right)

    async def call(
        self, name: str, token: str | None = None, user: str | None = None, **arguments: Any
    ) -> str:
        """Call a function as AIVAX does; what the model reads."""
        answer = await self.post(name, call_of(name, arguments, token, user))
        assert answer.status_code == 200, answer
        return answer.text

    async def event(self, name: str, **data: Any) -> httpx.Response:
        body = {"gatewayId": "g-1", "moment": "2026-11-29T10:00:00Z", "event": {"name": name, "data": data}}
        return await self.http.post(f"{self.url}/events", json=body, headers={"X-Request-Nonce": nonce()})


def call_of(name: str, arguments: Json, token: str | None = None, user: str | None = None) -> Json:
    context = {
        "externalUserId": user,
        "metadata": {},
        "callSource": "ChatCompletionsApi",
        "conversationToken": token,
        "moment": "2026-11-29T10:00:00+00:00",
    }
    return {"type": "tool_call", "function": {"name": name, "content": arguments}, "context": context}


@asynccontextmanager
async def served(database: Database, *files: str, **more: Any) -> AsyncIterator[House]:
    """Serve the tools of files, as `aivax-bots run` does."""
    port = free_port()
    settings = tools_settings(*files, port=port, **more)
    async with (
        open_tools(settings, database, body_bytes=1_000_000) as (app, catalogue),
        serve([], {PATH: app}, "127.0.0.1", port, PATIENT),
        httpx.AsyncClient(timeout=60, verify=trusted()) as http,
    ):
        yield House(f"http://127.0.0.1:{port}{PATH}", http, catalogue)
