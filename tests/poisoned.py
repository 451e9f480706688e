"""A gateway that fails by what it is asked: outages by a switch, and questions that always fail, on loopback."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

MEGABYTES = 9
POISONS = ("too_large", "garbage", "empty", "html", "5xx", "cut", "after_thinking", "stream_error")
"""How a question can fail that says `poison KIND`."""
QUOTAS = ("429", "402")
"""How one can be refused as if the account were at its limit."""


@dataclass
class Gateway:
    """The server. Times are monotonic seconds."""

    url: str = ""
    down: str = ""
    """`503` for every route, `completions` for 503 on that one alone, whatever it is sent.

    `models`: only what a model is to answer fails, what is no question is refused with 400 as ever. `closed`: every
    connection is closed, `hangs`: completions get no answer at all. `429`: they are refused with that. Empty: up.
    """
    delay_s: float = 0.0
    """How long a failing call takes."""
    hanging: asyncio.Event | None = None
    """While set aside, completions wait for it and say nothing."""
    asked: list[tuple[float, str]] = field(default_factory=list)
    """When each completion was asked for, and its question."""
    signs: list[float] = field(default_factory=list)
    """When the route of completions was sent what asks no model anything."""

    def texts(self) -> list[str]:
        return [text for _, text in self.asked]

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, asyncio.IncompleteReadError, TimeoutError):
            await self._answer(reader, writer)
        with suppress(ConnectionError):
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        if self.down == "closed":
            return
        if not head.startswith("POST"):
            writer.write(_http(503 if self.down == "503" else 200, b'{"data": []}', "application/json"))
            await writer.drain()
            return
        length = next(
            int(line.split(":")[1]) for line in head.splitlines() if line.lower().startswith("content-l")
        )
        body = json.loads(await reader.readexactly(length))
        is_question = "messages" in body
        if is_question:
            self.asked.append((time.monotonic(), _question(body)))
        else:
            self.signs.append(time.monotonic())
        if self.hanging is not None and is_question:
            await self.hanging.wait()  # no deadline: the test lets it go
        if self.down == "hangs":
            await reader.read()  # until the caller gives up
            return
        if self.down and (is_question or self.down != "models"):
            await asyncio.sleep(self.delay_s)
            writer.write(_http(429 if self.down == "429" else 503, b"{}", "application/json"))
        elif is_question:
            writer.write(_reply(_question(body)))
        else:
            writer.write(_http(400, b'{"error": {"message": "no model is named"}}', "application/json"))
        await writer.drain()


@asynccontextmanager
async def poisonable() -> AsyncIterator[Gateway]:
    """Serve a gateway while the context is open."""
    gateway = Gateway()
    server = await asyncio.start_server(gateway.answer, "127.0.0.1", 0, limit=2**24)
    gateway.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
    try:
        yield gateway
    finally:
        server.close()


def _question(body: dict[str, object]) -> str:
    messages = body["messages"]
    assert isinstance(messages, list)
    return str(messages[-1]["content"])


def _reply(text: str) -> bytes:
    _, is_poison, kind = text.partition("poison ")
    match kind.split()[0] if is_poison else "":
        case "too_large":
            return _http(200, b"data: " + b"x" * (MEGABYTES * 2**20), "text/event-stream")
        case "garbage":
            return _http(200, b"data: \xff\x00 no event\n\n", "text/event-stream")
        case "empty":
            return _http(200, b"", "text/event-stream")
        case "html":
            return _http(200, b"<html><title>Oops</title></html>", "text/html")
        case "5xx":
            return _http(500, b"{}", "application/json")
        case "cut":
            return _http(200, b"data: {", "text/event-stream")
        case "after_thinking":
            return _http(200, _event(reasoning_content="hm") + b"data: {", "text/event-stream")
        case "stream_error":
            return _http(200, b'data: {"error": {"code": "boom", "message": "no"}}\n\n', "text/event-stream")
        case "429" | "402" as status:
            return _http(int(status), b"{}", "application/json")
    said = _event(content=f"You said: {text}")
    end = b'data: {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}\n\ndata: [DONE]\n\n'
    return _http(200, said + end, "text/event-stream")


def _event(**delta: str) -> bytes:
    return b"data: " + json.dumps({"choices": [{"index": 0, "delta": delta}]}).encode() + b"\n\n"


def _http(status: int, body: bytes, kind: str) -> bytes:
    head = f"HTTP/1.1 {status} X\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    return head.encode() + body
