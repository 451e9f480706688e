"""A gateway session: what was sent in it, kept for a resume, and the connection that carries it."""

import asyncio
import json
import secrets
import socket
import struct
import zlib
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

Json = dict[str, Any]


class Connection:
    """One WebSocket of a client: frames leave in order, through its outbox."""

    def __init__(self, ws: web.WebSocketResponse, request: web.Request) -> None:
        self.ws = ws
        self.path = request.path
        self.session: Session | None = None
        self.frames_at: list[float] = []
        self.silent = False
        self.acks = True
        self.closing = False
        self.dropped = False
        self._transport = request.transport
        self._outbox: asyncio.Queue[Json | int] = asyncio.Queue()
        compress = request.query.get("compress") == "zlib-stream"
        self._deflate = zlib.compressobj() if compress else None

    def send(self, op: int, d: Any = None, s: int | None = None, t: str | None = None) -> None:
        """Queues a frame; a silent connection swallows it."""
        if not self.silent and not self.closing:
            self._outbox.put_nowait({"op": op, "d": d, "s": s, "t": t})

    def close(self, code: int) -> None:
        """Closes the connection with a code, after what is already queued."""
        if not self.closing:
            self.closing = True
            self._outbox.put_nowait(code)

    def drop(self) -> None:
        """Tears the TCP connection down without a close frame."""
        self.closing = self.dropped = True
        if self._transport is not None:
            reset(self._transport)

    async def write(self) -> None:
        """Sends the outbox until a close code comes up or the client is gone."""
        try:
            while not isinstance(item := await self._outbox.get(), int):
                await self._write_frame(item)
            await self.ws.close(code=item)
        except (ConnectionError, RuntimeError):
            return

    async def _write_frame(self, frame: Json) -> None:
        text = json.dumps(frame)
        if self._deflate is None:
            return await self.ws.send_str(text)
        data = self._deflate.compress(text.encode()) + self._deflate.flush(zlib.Z_SYNC_FLUSH)
        return await self.ws.send_bytes(data)


@dataclass(eq=False)
class Session:
    """What IDENTIFY began: it outlives connections until it is ended."""

    shard: int
    shards: int
    intents: int
    sharded: bool
    id: str = field(default_factory=lambda: secrets.token_hex(16))
    log: list[tuple[int, str, Any]] = field(default_factory=list)
    connection: Connection | None = None
    lost_at: float | None = None

    @property
    def live(self) -> bool:
        """Whether a connection carries it right now."""
        return self.connection is not None and not self.connection.closing

    def emit(self, event: str, data: Any) -> None:
        """Dispatches an event, and keeps it for a resume."""
        entry = (len(self.log) + 1, event, data)
        self.log.append(entry)
        self._pass_on(entry)

    def replay(self, after: int) -> None:
        """Sends again what came after a sequence number."""
        for entry in self.log[after:]:
            self._pass_on(entry)

    def _pass_on(self, entry: tuple[int, str, Any]) -> None:
        if self.connection is not None:
            s, event, data = entry
            self.connection.send(0, data, s, event)


def reset(transport: asyncio.Transport) -> None:
    """Ends a TCP connection with a reset instead of a goodbye."""
    sock = transport.get_extra_info("socket")
    if sock is not None and sock.fileno() >= 0:  # else the client was first
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()
