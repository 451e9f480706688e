"""Codes and who asks with them, as OAuth 2 has it: one use, one client, one address, one secret of PKCE."""

from __future__ import annotations

import hashlib
import secrets
from base64 import b64decode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote_plus

from aiohttp import web


@dataclass
class Refusal(Exception):
    """What the token endpoint says no with (RFC 6749, 5.2)."""

    error: str


@dataclass
class Codes:
    """Given out, and taken back."""

    client_id: str
    secret: str
    redirects: set[str]
    """Registered; compared as they are."""
    issued: dict[str, Mapping[str, str]] = field(default_factory=dict)
    """Code -> what was asked for."""
    used: set[str] = field(default_factory=set)

    def give(self, asked: Mapping[str, str]) -> str:
        """A code for an authorization request; what may not be answered by a redirect is a 400."""
        if asked.get("client_id") != self.client_id or asked.get("redirect_uri") not in self.redirects:
            raise web.HTTPBadRequest(text="invalid client or redirect_uri")
        if asked.get("response_type") != "code":
            raise web.HTTPBadRequest(text="unsupported_response_type")
        code = secrets.token_urlsafe(24)
        self.issued[code] = dict(asked)
        return code

    def take(
        self, form: Mapping[str, str], headers: Mapping[str, str], *, in_body: bool
    ) -> Mapping[str, str]:
        """What was asked for when this code was given out. Raises Refusal."""
        self._authenticate(form, headers, in_body=in_body)
        if form.get("grant_type") != "authorization_code":
            raise Refusal("unsupported_grant_type")
        code = form.get("code", "")
        asked = self.issued.pop(code, None)
        if asked is None or code in self.used or form.get("redirect_uri") != asked["redirect_uri"]:
            raise Refusal("invalid_grant")
        self.used.add(code)
        if "code_challenge" in asked and _challenge(form.get("code_verifier", "")) != asked["code_challenge"]:
            raise Refusal("invalid_grant")
        return asked

    def _authenticate(self, form: Mapping[str, str], headers: Mapping[str, str], *, in_body: bool) -> None:
        given: tuple[Any, Any] = form.get("client_id"), form.get("client_secret", "")
        if not in_body and self.secret:
            kind, _, pair = headers.get("Authorization", "").partition(" ")
            told = b64decode(pair).decode() if kind == "Basic" else ":"
            given = tuple(unquote_plus(each) for each in told.split(":", 1))
        if given != (self.client_id, self.secret):
            raise Refusal("invalid_client")


def _challenge(verifier: str) -> str:
    if not 43 <= len(verifier) <= 128:
        return ""
    return urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
