"""What is fetched or posted outside the Web API: files, and response URLs."""

import mimetypes
from collections.abc import Callable
from typing import Any

from aiohttp import web

from .interactions import RESPONSES_AT_MOST, Interaction
from .refused import RefusedError
from .state import File
from .world import World

SIGN_IN_PAGE = (
    "<!DOCTYPE html><html><head><title>Sign in | Slack</title></head><body>Sign in to Slack</body></html>"
)


class Downloads:
    """Serves `/files-pri/…`, the hops that follow, and `/respond/…`."""

    def __init__(
        self,
        world: World,
        responses: dict[str, Interaction],
        respond: Callable[[Interaction, dict[str, Any]], None],
    ) -> None:
        self._world = world
        self._responses = responses
        self._respond = respond
        self.fetched: list[tuple[str, str, bool]] = []  # host, path, with a token

    async def file(self, request: web.Request) -> web.StreamResponse:
        """Gives the bytes, or a hop towards them, to who shows a token; to others, 200 and a page to sign in."""
        file = self._world.files.get(request.match_info["file"])
        hop = int(request.query.get("hop", "0"))
        has_token = "Authorization" in request.headers
        self.fetched.append((request.host, request.path, has_token))
        self._world.changed()
        if file is None:
            return web.Response(status=404, text="not found")
        signed = file.signed and hop == file.hops and request.query.get("signature") == "good"
        if not signed and not self._may_read(request, file):
            return web.Response(text=SIGN_IN_PAGE, content_type="text/html", charset="utf-8")
        if hop < file.hops:
            raise web.HTTPFound(self._next_hop(request, file, hop + 1))
        return web.Response(body=file.body, content_type=file.mimetype)

    async def upload(self, request: web.Request) -> web.StreamResponse:
        """Takes a file's bytes: just as many as were told, and no token."""
        file = self._world.files.get(request.match_info["file"])
        body = await request.read()
        if self._world.rules.uploads_fail:
            return web.Response(status=403, text="forbidden")
        if file is None or "Authorization" in request.headers or len(body) != file.awaited_bytes:
            return web.Response(status=400, text="bad upload")
        file.body, file.awaited_bytes = body, 0
        file.mimetype = mimetypes.guess_type(file.name)[0] or file.mimetype
        self._world.changed()
        return web.Response(text=f"OK - {len(body)}")

    def _next_hop(self, request: web.Request, file: File, hop: int) -> str:
        """The next host is another name of this machine, at which HTTP clients drop the token."""
        host = "localhost" if request.host.startswith("127.") else "127.0.0.1"
        port = request.host.rpartition(":")[2]
        signature = "&signature=good" if file.signed and hop == file.hops else ""
        return f"http://{host}:{port}{request.path}?hop={hop}{signature}"

    def _may_read(self, request: web.Request, file: File) -> bool:
        given = request.headers.get("Authorization", "").removeprefix("Bearer ")
        token = self._world.tokens.get(given)
        if token is None or token.error or token.workspace is not file.workspace:
            return False
        fresh = token.expires_at is None or token.expires_at > self._world.clock.now()
        return fresh and "files:read" in file.workspace.scopes

    async def response(self, request: web.Request) -> web.StreamResponse:
        """Takes what is posted to a response URL: five times, for half an hour, without a token."""
        interaction = self._responses.get(request.match_info["key"])
        if interaction is None:
            return web.json_response({"ok": False, "error": "no_such_url"}, status=404)
        if self._world.clock.now() > interaction.until:
            return web.json_response({"ok": False, "error": "expired_url"}, status=404)
        if interaction.responses >= RESPONSES_AT_MOST:
            return web.json_response({"ok": False, "error": "used_url"}, status=404)
        interaction.responses += 1
        said = await request.json()
        if said.get("blocks") and self._world.rules.response_blocks_error:
            return web.json_response(
                {"ok": False, "error": self._world.rules.response_blocks_error}, status=400
            )
        try:
            self._respond(interaction, said)
        except RefusedError as refusal:
            return web.json_response({"ok": False, "error": refusal.error})
        return web.json_response({"ok": True})
