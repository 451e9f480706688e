"""Checks an ID token by the library: who signed it, for whom, for which sign-in, and whether it is still good."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode
from binascii import Error as NoBase64
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import BadSignatureError, JoseError
from joserfc.jwk import Key
from joserfc.jws import JWSRegistry

from bots.web.console.providers.discovery import Discovery
from bots.web.console.providers.values import Provider, ProviderFailed

ALGORITHMS = frozenset(
    f"{family}{bits}" for family in ("RS", "PS", "ES") for bits in (256, 384, 512)
) | frozenset({"EdDSA"})
"""Signatures by keys that the provider alone has: no `none`, and no HMAC, which the client secret would make."""


@dataclass(frozen=True, slots=True)
class IdTokens:
    """Of one provider."""

    provider: Provider
    discovery: Discovery
    now: Callable[[], datetime]
    skew_s: float

    async def claims(self, answer: Mapping[str, Any], nonce: str) -> dict[str, Any]:
        """What the ID token in an answer says. Raises ProviderFailed where it is not to be believed."""
        token = answer.get("id_token")
        if not isinstance(token, str):
            raise ProviderFailed("it gives no ID token")
        told = (await self.discovery.endpoints()).algorithms or ("RS256",)
        allowed = [each for each in told if each in ALGORITHMS]
        keys = await self.discovery.keys(_key_id(token))
        if not keys:
            raise ProviderFailed("an ID token is signed by a key that the provider does not list")
        try:
            return self._judged(_verified(token, keys, allowed), answer, nonce)
        except (JoseError, ValueError, TypeError, KeyError) as error:
            raise ProviderFailed(f"an ID token is refused: {type(error).__name__}: {error}") from error

    def _judged(self, token: jwt.Token, answer: Mapping[str, Any], nonce: str) -> dict[str, Any]:
        options = {
            "iss": {"essential": True, "value": self.provider.issuer},
            "aud": {"essential": True, "value": self.provider.client.id},
            "nonce": {"essential": True, "value": nonce},
        }
        params = {
            "nonce": nonce,
            "client_id": self.provider.client.id,
            "access_token": answer.get("access_token"),
        }
        claims = CodeIDToken(token.claims, token.header, options, params)
        claims.validate(now=int(self.now().timestamp()), leeway=round(self.skew_s))
        return dict(claims)


def _verified(token: str, keys: list[Key], allowed: list[str]) -> jwt.Token:
    """The token, if one of the keys signed it: more than one may fit where it names none."""
    registry = JWSRegistry(algorithms=allowed, strict_check_header=False)
    problem: Exception = BadSignatureError()
    for key in keys:
        try:
            return jwt.decode(token, key, registry=registry)
        except (JoseError, ValueError) as error:
            problem = error
    raise problem


def _key_id(token: str) -> str | None:
    """Which key a token names, as far as it can be read; nothing of it is believed yet."""
    head = token.partition(".")[0]
    try:
        told = json.loads(urlsafe_b64decode(head + "=" * (-len(head) % 4)))
    except (ValueError, NoBase64, RecursionError):
        return None
    kid = told.get("kid") if isinstance(told, dict) else None
    return kid if isinstance(kid, str) else None
