"""A provider of OpenID Connect: discovery, keys that rotate, signed ID tokens, an account that is told on request."""

from __future__ import annotations

import hashlib
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlencode

from aiohttp import web
from joserfc import jwt
from joserfc.jwk import ECKey, Key, RSAKey

from tests.platforms.identity.codes import Codes, Refusal
from tests.platforms.identity.served import Served

CLIENT, SECRET = "console-client", "a secret & of: the client"
_RSA = [RSAKey.generate_key(2048, {"kid": f"rsa-{each}"}) for each in range(1)]


class FakeOidc(Served):
    """Signs in whoever comes as `person`; what it does wrongly is set by a test."""

    def __init__(self, redirects: set[str], *, secret: str = SECRET, is_slack: bool = False) -> None:
        super().__init__()
        self.codes = Codes(CLIENT, secret, redirects)
        self.is_slack = is_slack
        self.person: dict[str, Any] = {"sub": "248289761001"}
        self.account: dict[str, Any] = {}
        """What is told at the account's endpoint alone."""
        self.key: Key = _RSA[0]
        self.algorithm = "RS256"
        self.listed: list[Key] = [self.key]
        self.change: Callable[[dict[str, Any]], dict[str, Any]] = lambda claims: claims
        """Changes the claims of an ID token before it is signed."""
        self.discovery: dict[str, Any] = {}
        """Laid over what discovery tells."""
        self.asks_in_body = True
        self.brings_issuer: str | None = None
        """Set: who comes back brings it along."""
        self.names_key = True
        """False: its tokens do not tell by which key they are signed."""
        self.sends_on = False
        """Whether people are sent to another host of the provider's on the way."""
        self.declines = False
        self.asked: list[str] = []
        """Which endpoints were asked."""
        self.token = ""

    def rotate(self, kid: str = "ec-2") -> None:
        """Sign by a new key, of another kind; the one before is listed no more."""
        self.key, self.algorithm = ECKey.generate_key("P-256", {"kid": kid}), "ES256"
        self.listed = [self.key]

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/.well-known/openid-configuration", self._discovery),
            web.get("/keys", self._keys),
            web.get("/authorize", self._authorize),
            web.post("/token", self._token),
            web.get("/account", self._account),
            web.get("/end", self._end),
        ]

    async def _discovery(self, _request: web.Request) -> web.Response:
        self.asked.append("discovery")
        way = "client_secret_post" if self.asks_in_body else "client_secret_basic"
        told = {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "userinfo_endpoint": f"{self.url}/account",
            "jwks_uri": f"{self.url}/keys",
            "end_session_endpoint": f"{self.url}/end",
            "id_token_signing_alg_values_supported": ["RS256", "ES256"],
            "token_endpoint_auth_methods_supported": [way],
        }
        return web.json_response(told | self.discovery)

    async def _keys(self, _request: web.Request) -> web.Response:
        self.asked.append("keys")
        strange = {"kty": "XYZ", "kid": "of another kind"}
        return web.json_response({"keys": [strange, *(each.as_dict(private=False) for each in self.listed)]})

    async def _authorize(self, request: web.Request) -> web.Response:
        """Sends people on within itself first, as real ones do: to another host where there is one."""
        if "seen" not in request.query:
            elsewhere = str(request.url.update_query(seen="1").with_host("localhost"))
            raise web.HTTPFound(elsewhere if self.sends_on else str(request.url.update_query(seen="1")))
        code = self.codes.give(request.query)
        back = {"state": request.query.get("state", "")}
        back |= {"error": "access_denied"} if self.declines else {"code": code}
        if self.brings_issuer is not None:
            back["iss"] = self.brings_issuer
        raise web.HTTPFound(f"{request.query['redirect_uri']}?{urlencode(back)}")

    async def _token(self, request: web.Request) -> web.Response:
        self.asked.append("token")
        form: Mapping[str, Any] = await request.post()
        try:
            asked = self.codes.take(form, request.headers, in_body=self.asks_in_body)
        except Refusal as refusal:
            if self.is_slack:  # answers 200 to whatever it refuses
                return web.json_response({"ok": False, "error": refusal.error})
            return web.json_response({"error": refusal.error}, status=400)
        self.token = f"token-{len(self.asked)}"
        answer = {"access_token": self.token, "token_type": "Bearer", "id_token": self.id_token(asked)}
        return web.json_response({"ok": True, **answer} if self.is_slack else answer)

    async def _end(self, _request: web.Request) -> web.Response:
        return web.Response(text="You are signed out.")

    async def _account(self, request: web.Request) -> web.Response:
        self.asked.append("account")
        if request.headers.get("Authorization") != f"Bearer {self.token}":
            return web.json_response({"error": "invalid_token"}, status=401)
        return web.json_response({"sub": self.person["sub"], **self.account})

    def id_token(self, asked: Mapping[str, str]) -> str:
        now = int(time.time())
        half = hashlib.sha256(self.token.encode()).digest()[:16]
        claims = {
            "iss": self.url,
            "aud": CLIENT,
            "iat": now,
            "exp": now + 300,
            "at_hash": urlsafe_b64encode(half).rstrip(b"=").decode(),
            **({"nonce": asked["nonce"]} if "nonce" in asked else {}),
            **self.person,
        }
        header = {"alg": self.algorithm, **({"kid": self.key.kid} if self.names_key else {})}
        return jwt.encode(header, self.change(claims), self.key, algorithms=["RS256", "ES256", "HS256"])
