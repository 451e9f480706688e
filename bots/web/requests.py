"""What stands between the HTTP server and the applications: whole requests only, and a budget for each mount."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, MutableMapping
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

TOO_LARGE = "aivax_bots.too_large"
"""In the scope of a request whose body was larger than allowed: the application is given none, and tells so itself."""
_TOO_LARGE = "This is larger than [web] body_bytes allows."
_CLOSE = {"Connection": "close"}
_DRAIN_TIMES = 8
_DRAIN_BYTES = 64_000_000
"""So many times the bound of a body, or these if that is more, are read and thrown away: who sends too much still hears
why. The time for a request bounds it, too."""


@dataclass(frozen=True, slots=True)
class WholeRequests:
    """Calls the application when a request is there to its last byte: one that trickles in costs a connection alone."""

    app: App
    body_bytes: int
    tell_themselves: Collection[str] = ()
    """The paths of applications that answer by themselves what is too large."""

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

        if len(body) > self.body_bytes and self._tells_itself(scope["path"]):
            await self.app({**scope, TOO_LARGE: True}, _again(bytearray(), receive), _closing(answer))
        elif len(body) > self.body_bytes:
            await Response(_TOO_LARGE, 413, _CLOSE, "text/plain")(scope, receive, answer)
        else:
            await self.app(scope, _again(body, receive), answer)

    def _tells_itself(self, path: str) -> bool:
        return any(path == each or path.startswith(f"{each}/") for each in self.tell_themselves)

    async def _read(self, receive: Receive) -> bytearray | None:
        """The body, cut one byte above its bound; None where who sent it left."""
        body, read, most = bytearray(), 0, self.body_bytes + 1
        drained = max(_DRAIN_TIMES * self.body_bytes, _DRAIN_BYTES)
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                return None
            piece = message.get("body", b"")
            read += len(piece)
            body += piece[: most - len(body)]
            if not message.get("more_body") or read > drained:
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


def _closing(send: Send) -> Send:
    """A `send` that has the connection closed after the answer: what is left of the request is not read."""

    async def and_close(message: Message) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message.get("headers", ()), (b"connection", b"close")]}
        await send(message)

    return and_close


def _again(body: bytearray, receive: Receive) -> Receive:
    """A `receive` that tells the body that was read, and then what comes after it."""
    whole = iter([{"type": "http.request", "body": bytes(body), "more_body": False}])

    async def once_more() -> Message:
        return next(whole, None) or await receive()

    return once_more
