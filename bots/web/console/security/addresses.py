"""Addresses that lead nowhere by their length alone, refused before anything reads them."""

from __future__ import annotations

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

MOST_CHARS = 1_000
"""No page has a longer path; Python reads no number of some thousand digits, and would fail at it."""


class ShortAddresses:
    """Lets other requests through."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if len(scope.get("path", "")) <= MOST_CHARS:
            await self._app(scope, receive, send)
            return
        await PlainTextResponse("This address is too long.", status_code=414)(scope, receive, send)
