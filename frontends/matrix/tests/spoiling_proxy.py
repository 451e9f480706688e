"""A proxy between the bot and the homeserver, which spoils the answers that a test wants spoilt."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import ClientSession, web
from yarl import URL

Spoil = Callable[[str, Any], None]
"""Changes what is answered, in place: the request's path, and the answer's JSON."""
_MOST_BYTES = 60_000_000


class SpoilingProxy:
    """Passes on what it is asked, until it is told otherwise."""

    def __init__(self, homeserver: str) -> None:
        self.url = ""
        self.failing: dict[str, int] = {}
        """The status in place of an answer, by a part of the request's path."""
        self.page = False
        """Whether such a failure is a proxy's own page, and not a homeserver's error."""
        self.hanging = ""
        """A part of the path of requests that get no answer until they are released."""
        self.released = asyncio.Event()
        self.held = 0
        """How many requests get none now."""
        self.query: dict[str, dict[str, str]] = {}
        """What is asked in place of what the bot asks, by a part of the request's path."""
        self.spoil: Spoil | None = None
        self.failed = 0
        """How many answers were failures."""
        self._homeserver = homeserver

    async def answer(self, request: web.Request) -> web.Response:
        """The homeserver's answer, spoilt."""
        path = request.path
        for each, status in self.failing.items():
            if each in path:
                self.failed += 1
                if self.page:
                    return web.Response(text="<html>", status=status, content_type="text/html")
                return web.json_response({"errcode": "M_UNKNOWN", "error": "spoilt"}, status=status)
        if self.hanging and self.hanging in path and not self.released.is_set():
            await self._hang()
        query = dict(request.query)
        for each, instead in self.query.items():
            query |= instead if each in path else {}
        url = URL(self._homeserver + request.raw_path.partition("?")[0], encoded=True).with_query(query)
        headers = {each: request.headers[each] for each in ("Authorization",) if each in request.headers}
        async with (
            ClientSession() as session,
            session.request(request.method, url, data=await request.read(), headers=headers) as told,
        ):
            body, status = await told.read(), told.status
        if self.spoil is not None and status == 200:
            content = json.loads(body)
            self.spoil(path, content)
            body = json.dumps(content).encode()
        return web.Response(body=body, status=status, content_type="application/json")

    async def _hang(self) -> None:
        self.held += 1
        try:
            await self.released.wait()
        finally:
            self.held -= 1


@asynccontextmanager
async def spoiling(homeserver: str) -> AsyncIterator[SpoilingProxy]:
    """The proxy before a homeserver, for as long as the block lasts."""
    proxy = SpoilingProxy(homeserver)
    app = web.Application(client_max_size=_MOST_BYTES)
    app.router.add_route("*", "/{path:.*}", proxy.answer)
    # a request that the homeserver holds open ends with who asked
    runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=1.0)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        proxy.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        yield proxy
    finally:
        await runner.cleanup()
