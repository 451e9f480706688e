"""Discord's OAuth 2 (discord.com/developers/docs/topics/oauth2): a code, a token, and whose it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from aiohttp import web

from tests.platforms.identity.codes import Codes, Refusal
from tests.platforms.identity.served import Served

CLIENT, SECRET = "157730590492196864", "discord-secret"


class FakeDiscordSignIn(Served):
    """Signs in whoever comes as `person`."""

    def __init__(self, redirects: set[str]) -> None:
        super().__init__()
        self.codes = Codes(CLIENT, SECRET, redirects)
        self.person: dict[str, Any] = {"id": "80351110224678912", "username": "nelly"}
        self.issuer = "https://discord.com"

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/oauth2/authorize", self._authorize),
            web.post("/api/oauth2/token", self._token),
            web.get("/api/v10/users/@me", self._me),
        ]

    async def _authorize(self, request: web.Request) -> web.Response:
        if request.query.get("scope") != "identify":
            raise web.HTTPBadRequest(text="invalid_scope")
        code = self.codes.give(request.query)
        back = {"code": code, "state": request.query.get("state", ""), "iss": self.issuer}
        raise web.HTTPFound(f"{request.query['redirect_uri']}?{urlencode(back)}")

    async def _token(self, request: web.Request) -> web.Response:
        form: Mapping[str, Any] = await request.post()
        in_body = "Authorization" not in request.headers
        try:
            self.codes.take(form, request.headers, in_body=in_body)
        except Refusal as refusal:
            return web.json_response({"error": refusal.error}, status=400)
        answer = {
            "access_token": "a-token",
            "token_type": "Bearer",
            "expires_in": 604800,
            "scope": "identify",
        }
        return web.json_response({**answer, "refresh_token": "another"})

    async def _me(self, request: web.Request) -> web.Response:
        if request.headers.get("Authorization") != "Bearer a-token":
            return web.json_response({"message": "401: Unauthorized", "code": 0}, status=401)
        return web.json_response({"discriminator": "0", "avatar": None, **self.person})
