"""Opens sandboxes for tests, asks them things, and reads what they stream."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx

from core.aivax.transport import trusted
from sandbox.server import GATEWAY, PRIVATE_KEY, Sandbox, serve
from tests.waiting import waiting_for

Json = dict[str, Any]


class SetClock:
    """A clock that stands still until it is told otherwise."""

    def __init__(self, now: float = 1_800_000_000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


class Desk:
    """A person at a sandbox: asks with the private key unless told otherwise."""

    def __init__(self, sandbox: Sandbox, http: httpx.AsyncClient) -> None:
        self.sandbox = sandbox
        self.http = http

    async def ask(self, text: str = "hello", *, key: str = PRIVATE_KEY, **fields: Any) -> httpx.Response:
        body = {"model": GATEWAY, "messages": [{"role": "user", "content": text}], **fields}
        return await self.http.post("/v1/chat/completions", json=body, headers=bearer(key))

    async def get(self, path: str, *, key: str = PRIVATE_KEY) -> httpx.Response:
        return await self.http.get(path, headers=bearer(key))

    async def balance(self) -> Json:
        data: Json = (await self.get("/api/v1/information/balance")).json()["data"]
        return data

    async def fault(self, **fault: Any) -> None:
        (await self.http.post("/sandbox/faults", json=fault)).raise_for_status()


@asynccontextmanager
async def opened(**options: Any) -> AsyncIterator[Desk]:
    async with (
        serve(**options) as sandbox,
        httpx.AsyncClient(base_url=sandbox.base_url, timeout=5, verify=trusted()) as http,
    ):
        yield Desk(sandbox, http)


def bearer(key: str) -> dict[str, str]:
    return {"authorization": f"Bearer {key}"}


def said(response: httpx.Response) -> str:
    text: str = response.json()["choices"][0]["message"]["content"]
    return text


def events(stream: str) -> list[Json]:
    """Reads the events of a whole stream, without the closing mark."""
    lines = [line.removeprefix("data: ") for line in stream.splitlines() if line.startswith("data: ")]
    return [json.loads(line) for line in lines if line != "[DONE]"]


def deltas(stream: str, name: str = "content") -> str:
    """Joins what the deltas of a stream say under a name."""
    return "".join(choice["delta"].get(name) or "" for e in events(stream) for choice in e["choices"])


async def until(condition: Callable[[], object], *, timeout_s: float = 90.0) -> None:
    """Lets the event loop go on until the condition holds."""
    async with waiting_for("what the sandbox does", timeout_s):
        while not condition():  # noqa: ASYNC110 - there is no event for this, and nothing is slept through
            await asyncio.sleep(0)
