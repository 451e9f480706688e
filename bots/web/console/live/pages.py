"""`/console/live/...`: server-sent events for the parts of pages that change; and the scripts that take them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from bots.web.console.live.hub import Hub, events
from bots.web.console.live.scripts import scripts
from bots.web.console.live.topics import Topic
from bots.web.console.rendering import Renderer
from bots.web.console.security.guard import Endpoint, Guard
from bots.web.console.security.tokens import digest
from bots.web.console.visit import Visit

HEARTBEAT_S = 15.0
NOT_KEPT = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
"""A proxy that collected what is sent would hold it back."""
Find = Callable[[Visit], Topic | None]


class LivePages:
    """Every topic at a path of its own."""

    def __init__(self, hub: Hub, topics: dict[str, Find], renderer: Renderer) -> None:
        """`topics`: by their path below `/live/`, what finds the one that a request names."""
        self._hub = hub
        self._topics = topics
        self._renderer = renderer

    def routes(self, guard: Guard) -> Sequence[Route]:
        found = [guard.page(f"/live/{path}", self._stream(find)) for path, find in self._topics.items()]
        return [*found, *map(_script, range(len(scripts())))]

    def _stream(self, find: Find) -> Endpoint:
        async def stream(visit: Visit) -> Response:
            topic, session = find(visit), digest(visit.token)
            if topic is None:
                return PlainTextResponse("There is nothing of that name.", status_code=404)
            if not self._hub.has_room(session):
                return PlainTextResponse("Too many pages are open.", status_code=503)
            speaks = self._renderer.speaks(visit)

            async def sent() -> AsyncIterator[bytes]:
                async with self._hub.listening(topic, session, speaks) as listener:
                    async for part in events(listener, HEARTBEAT_S):
                        yield part

            return StreamingResponse(sent(), media_type="text/event-stream", headers=NOT_KEPT)

        return stream


def _script(number: int) -> Route:
    script = scripts()[number]
    kept = {"Cache-Control": "public, max-age=31536000, immutable"}

    async def serve(_request: Request) -> Response:
        return Response(script.content, media_type="text/javascript", headers=kept)

    return Route(f"/static/{script.address}", serve)
