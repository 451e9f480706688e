"""Where Telegram calls: one update a request, answered when it is stored (core.telegram.org/bots/api#setwebhook)."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from aivax_bots import BotError

MOUNT, PATH = "/telegram", "/telegram/updates"
MOST_BYTES = 1_000_000
TakeIn = Callable[[Mapping[str, Any]], Awaitable[None]]
Message = dict[str, Any]


class Webhook:
    """An ASGI application. While nobody listens, and where something can't be stored, Telegram is told to come again.

    Telegram says a secret with each call, which is made from the token: the same in each process, and in no setting.
    """

    def __init__(self, token: str) -> None:
        self.secret = hashlib.sha256(b"webhook:" + token.encode()).hexdigest()
        self._take_in: TakeIn | None = None

    @contextmanager
    def open(self, take_in: TakeIn) -> Iterator[None]:
        """Take updates in while the block runs."""
        self._take_in = take_in
        try:
            yield
        finally:
            self._take_in = None

    async def __call__(
        self,
        scope: Mapping[str, Any],
        receive: Callable[[], Awaitable[Message]],
        send: Callable[[Message], Awaitable[None]],
    ) -> None:
        status = await self._answer(scope, receive)
        headers = [(b"content-length", b"0")]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": b""})

    async def _answer(self, scope: Mapping[str, Any], receive: Callable[[], Awaitable[Message]]) -> int:
        if scope["type"] != "http" or not str(scope["path"]).endswith(PATH.removeprefix(MOUNT)):
            return 404
        given = dict(scope.get("headers", ())).get(b"x-telegram-bot-api-secret-token", b"")
        if not hmac.compare_digest(given, self.secret.encode()):
            return 403
        if self._take_in is None:
            return 503
        try:
            update = json.loads(await _body(receive))
        except (ValueError, RecursionError):
            return 400
        if not isinstance(update, dict):
            return 400
        try:
            await self._take_in(update)
        except (BotError, OSError):
            return 503
        return 200


async def _body(receive: Callable[[], Awaitable[Message]]) -> bytes:
    """The whole body. Raises `ValueError` where it is longer than any update."""
    body = bytearray()
    while True:
        message = await receive()
        body += message.get("body", b"")
        if len(body) > MOST_BYTES:
            raise ValueError
        if not message.get("more_body"):
            return bytes(body)
