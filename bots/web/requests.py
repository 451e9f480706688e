"""What stands between the HTTP server and the applications: whole requests only, and a budget for each mount."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from starlette.responses import Response

from bots.web.bounds import Away, TurnedAway
from bots.web.connections import Connection

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

CONNECTION = "connection"
"""Where in a request's state its connection stands."""
_DRAIN_TIMES = 8
"""So many times the bound of a body is read and thrown away: who sends too much still hears why."""


class WholeRequests:
    """Calls the application when a request is there to its last byte: one that trickles in costs a connection alone."""

    def __init__(self, app: App, body_bytes: int) -> None:
        self._app = app
        self._body_bytes = body_bytes

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

        if len(body) > self._body_bytes:
            await _refusal(413)(scope, receive, answer)
        else:
            await self._app(scope, _again(body, receive), answer)

    async def _read(self, receive: Receive) -> bytearray | None:
        """The body, cut one byte above its bound; None where who sent it left."""
        body, read, most = bytearray(), 0, self._body_bytes + 1
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                return None
            piece = message.get("body", b"")
            read += len(piece)
            body += piece[: most - len(body)]
            if not message.get("more_body") or read > _DRAIN_TIMES * self._body_bytes:
                return body


class Budget:
    """Lets an application have so many requests under way; further ones are told to come again."""

    def __init__(self, app: App, most: int, away: TurnedAway) -> None:
        self._app = app
        self._free = most
        self._away = away

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not self._free:
            self._away.add(Away.BUSY)
            await _refusal(503)(scope, receive, send)
            return
        self._free -= 1
        try:
            await self._app(scope, receive, send)
        finally:
            self._free += 1


def _refusal(status: int) -> Response:
    headers = {"Connection": "close"} | ({"Retry-After": "1"} if status == 503 else {})
    return Response(status_code=status, headers=headers)


def _again(body: bytearray, receive: Receive) -> Receive:
    """A `receive` that tells the body that was read, and then what comes after it."""
    told = False

    async def once_more() -> Message:
        nonlocal told
        if told:
            return await receive()
        told = True
        return {"type": "http.request", "body": bytes(body), "more_body": False}

    return once_more
