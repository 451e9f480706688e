"""A scripted AIVAX in a process of its own, cheap enough to feed hundreds of streams.

The question says what comes: `200 pieces at 100/s` is an answer of 200 chunks, one event a write, 100 of them a
second; at 0/s they come at once, packed into writes of 4 KiB, and with ` after 4 s` behind it only then: a model that
thinks. `POST /down` and `/up` begin and end an outage.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
from functools import cache
from itertools import accumulate, islice

SCRIPT = re.compile(rb"(\d+) pieces at (\d+)/s(?: after (\d+) s)?")
EVENTS = (
    b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\ntransfer-encoding: chunked\r\n\r\n"
)
WORDS = ("the", "answer", "goes", "on", "with", "plain", "words", "and", "numbers", "until", "it", "ends")
PACKED_BYTES = 4096
MODEL = "sandbox:50c3"


def script(pieces: int, per_s: int, *, after_s: int = 0) -> str:
    """A question that has the gateway answer with so many pieces a second, 0: at once, after so many seconds."""
    return f"Please say {pieces} pieces at {per_s}/s{f' after {after_s} s' if after_s else ''}."


@cache
def pieces_of(count: int) -> tuple[str, ...]:
    """An answer of so many pieces: words and numbers, a blank before each but the first."""
    words = (f"{WORDS[each % len(WORDS)]}{each // len(WORDS) or ''}" for each in range(count))
    return tuple(f"{' ' if each else ''}{word}" for each, word in enumerate(words))


def answer_of(count: int) -> str:
    """The whole answer, as it must be read on the platform to the letter."""
    return "".join(pieces_of(count))


@cache
def events_of(count: int) -> tuple[bytes, ...]:
    """The answer as server-sent events: its pieces, how it ended, what it cost, and the end mark."""
    head = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1_767_225_600, "model": MODEL}
    usage = {"prompt_tokens": 20, "completion_tokens": count, "total_tokens": count + 20}

    def event(fields: dict[str, object]) -> bytes:
        return b"data: " + json.dumps({**head, **fields}, separators=(",", ":")).encode() + b"\n\n"

    def delta(fields: dict[str, str], reason: str | None = None) -> bytes:
        return event({"choices": [{"index": 0, "delta": fields, "finish_reason": reason}]})

    said = (delta({"content": piece}) for piece in pieces_of(count))
    return (*said, delta({}, "stop"), event({"choices": [], "usage": usage}), b"data: [DONE]\n\n")


def chunked(data: bytes) -> bytes:
    """One chunk of HTTP's chunked encoding."""
    return b"%x\r\n%b\r\n" % (len(data), data)


def packed(events: tuple[bytes, ...]) -> list[bytes]:
    """The same bytes in writes of 4 KiB, wherever that cuts."""
    whole = b"".join(events)
    return [whole[at : at + PACKED_BYTES] for at in range(0, len(whole), PACKED_BYTES)]


class Server:
    """What all connections share."""

    def __init__(self) -> None:
        self.is_down = False


class Connection(asyncio.Protocol):
    """One client, request after request."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._received = bytearray()
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def connection_lost(self, error: Exception | None) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, end, rest = self._received.partition(b"\r\n\r\n")
        length = re.search(rb"content-length: *(\d+)", head, re.IGNORECASE)
        size = int(length[1]) if length else 0
        if not end or len(rest) < size:
            return
        del self._received[: len(head) + len(end) + size]
        self._answer(bytes(head.split(b" ", 2)[1]), bytes(rest[:size]))

    def _answer(self, path: bytes, body: bytes) -> None:
        if path in (b"/down", b"/up"):
            self._server.is_down = path == b"/down"
            self._say(200, {})
        elif self._server.is_down:
            self._say(503, {"error": {"message": "down", "type": "server_error", "code": None}})
        elif path.endswith(b"/chat/completions"):
            self._stream(body)
        elif path.endswith(b"/models"):
            self._say(200, {"object": "list", "data": [{"id": MODEL, "object": "model", "owned_by": "x"}]})
        elif path.endswith(b"/balance"):
            self._say(200, {"message": "OK", "data": {"balance": 1000.0, "plan": "max"}})
        else:
            self._say(404, {"error": {"message": "not here", "type": "invalid_request_error", "code": None}})

    def _say(self, status: int, value: object) -> None:
        body = json.dumps(value).encode()
        head = f"HTTP/1.1 {status} X\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
        self._transport.write(head.encode() + body)

    def _stream(self, body: bytes) -> None:
        asked = SCRIPT.findall(body)
        count, per_s, after_s = (int(each or 0) for each in asked[-1]) if asked else (3, 0, 0)
        events = events_of(count)
        self._transport.write(EVENTS)
        if per_s:
            ends = b"".join(map(chunked, (*events[count:], b"")))
            self._write_at_pace([*map(chunked, events[:count]), ends], per_s, after_s)
            return
        whole = [*map(chunked, packed(events)), chunked(b"")]
        if not after_s:
            self._transport.writelines(whole)
            return
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(after_s, self._transport.writelines, whole)

    def _write_at_pace(self, writes: list[bytes], per_s: int, after_s: int) -> None:
        loop = asyncio.get_running_loop()
        first_at = loop.time() + after_s
        moments = accumulate(islice(iter(lambda: 1 / per_s, 0), len(writes)), initial=first_at)
        left = iter(zip(moments, writes, strict=False))

        def write_next() -> None:
            for at, data in left:
                self._transport.write(data)
                self._timer = loop.call_at(at + 1 / per_s, write_next)
                return

        self._timer = loop.call_at(first_at, write_next)


async def serve() -> None:
    """Say on standard output where it listens, and serve until standard input ends."""
    loop, server = asyncio.get_running_loop(), Server()
    listening = await loop.create_server(lambda: Connection(server), "127.0.0.1", 0, backlog=1024)
    print(json.dumps({"port": listening.sockets[0].getsockname()[1]}), flush=True)
    await loop.run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(serve())
