"""What stands between the HTTP server and the applications: whole requests only, and a budget for each mount."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from typing import Any

from starlette.responses import Response

from bots.web.bounds import Away, TurnedAway
from bots.web.connections import CONNECTION, Connection

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

_TOO_LARGE = "This is larger than [web] body_bytes allows."
_CLOSE = {"Connection": "close"}
_DRAIN_TIMES = 8
"""So many times the bound of a body is read and thrown away: who sends too much still hears why."""


@dataclass(frozen=True, slots=True)
class WholeRequests:
    """Calls the application when a request is there to its last byte: one that trickles in costs a connection alone."""

    app: App
    body_bytes: int

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        connection: Connection = scope["state"].pop(CONNECTION)
        body = await self._read(receive)
        if body is None:
            return
        connection.asked()

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.body" and not message.get("more_body"):
                connection.answered()
            await send(message)

        if len(body) > self.body_bytes:
            await Response(_TOO_LARGE, 413, _CLOSE, "text/plain")(scope, receive, answer)
        else:
            await self.app(scope, _again(body, receive), answer)

    async def _read(self, receive: Receive) -> bytearray | None:
        """The body, cut one byte above its bound; None where who sent it left."""
        body, read, most = bytearray(), 0, self.body_bytes + 1
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                return None
            piece = message.get("body", b"")
            read += len(piece)
            body += piece[: most - len(body)]
            if not message.get("more_body") or read > _DRAIN_TIMES * self.body_bytes:
                return body


@dataclass(slots=True)
class Budget:
    """Lets an application have so many requests under way; further ones are told to come again."""

    app: App
    free: int
    away: TurnedAway

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not self.free:
            self.away.add(Away.BUSY)
            refusal = Response(status_code=503, headers={**_CLOSE, "Retry-After": "1"})
            await refusal(scope, receive, send)
            return
        self.free -= 1
        try:
            await self.app(scope, receive, send)
        finally:
            self.free += 1


def _again(body: bytearray, receive: Receive) -> Receive:
    """A `receive` that tells the body that was read, and then what comes after it."""
    whole = iter([{"type": "http.request", "body": bytes(body), "more_body": False}])

    async def once_more() -> Message:
        return next(whole, None) or await receive()

    return once_more
