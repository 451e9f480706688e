"""What a provider of OpenID Connect tells of itself: its addresses and its keys, kept and seldom asked for anew."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from joserfc.errors import JoseError
from joserfc.jwk import JWKRegistry, Key

from bots.web.console.providers.transport import Transport, check_address
from bots.web.console.providers.values import Endpoints, ProviderFailed

FRESH_S = 3_600.0
AGAIN_S = 30.0
"""A key that nobody knows is asked for no oftener: whoever makes up tokens could have the provider asked for each."""
KINDS = frozenset({"RSA", "EC", "OKP"})
"""Public keys. A symmetric one in public signs nothing."""


@dataclass(frozen=True, slots=True)
class _Known:
    value: Any
    at: float


class Discovery:
    """One provider's."""

    def __init__(
        self, issuer: str, transport: Transport, ticks: Callable[[], float] = time.monotonic
    ) -> None:
        self._issuer = issuer
        self._transport = transport
        self._ticks = ticks
        self._endpoints: _Known | None = None
        self._keys: _Known | None = None
        self._asking = asyncio.Lock()

    async def endpoints(self) -> Endpoints:
        """Those of the last hour. Where the provider can't be asked again, those before go on holding."""
        async with self._asking:
            known = self._endpoints
            if known is None or self._ticks() - known.at > FRESH_S:
                try:
                    known = _Known(await self._discovered(), self._ticks())
                except ProviderFailed:
                    if known is None:
                        raise
                    known = _Known(known.value, self._ticks() - FRESH_S + AGAIN_S)
                self._endpoints = known
        found: Endpoints = known.value
        return found

    async def keys(self, kid: str | None) -> list[Key]:
        """The keys that may have signed what names this one; asked for anew where it is not among them."""
        address = (await self.endpoints()).keys
        async with self._asking:
            age_s = self._ticks() - self._keys.at if self._keys else FRESH_S + 1
            fit = _fitting(self._keys.value, kid) if self._keys else []
            if age_s > FRESH_S or (not fit and age_s > AGAIN_S):
                self._keys = _Known(_keys_in(await self._transport.get(address)), self._ticks())
                fit = _fitting(self._keys.value, kid)
        return fit

    async def _discovered(self) -> Endpoints:
        told = await self._transport.get(f"{self._issuer.rstrip('/')}/.well-known/openid-configuration")
        if told.get("issuer") != self._issuer:
            raise ProviderFailed("it calls itself by another issuer than the settings do")
        end = _text(told, "end_session_endpoint")
        account = _text(told, "userinfo_endpoint")
        authorize, token = _text(told, "authorization_endpoint"), _text(told, "token_endpoint")
        keys = _text(told, "jwks_uri")
        for address in (authorize, token, keys, *filter(None, (end, account))):
            check_address(address)
        ways = told.get("token_endpoint_auth_methods_supported")
        algorithms = told.get("id_token_signing_alg_values_supported")
        return Endpoints(
            authorize,
            token,
            account,
            keys,
            end,
            takes_secret_in_body=isinstance(ways, list) and "client_secret_post" in ways,
            algorithms=tuple(map(str, algorithms)) if isinstance(algorithms, list) else (),
            tells_issuer=told.get("authorization_response_iss_parameter_supported") is True,
        )


def _text(told: Mapping[str, Any], name: str) -> str:
    value = told.get(name, "")
    return value if isinstance(value, str) else ""


def _keys_in(told: Mapping[str, Any]) -> list[Key]:
    """The keys that sign; what is none, or of a kind that is not known here, is passed over."""
    listed, found = told.get("keys"), list[Key]()
    for each in listed if isinstance(listed, list) else []:
        if not isinstance(each, dict) or each.get("kty") not in KINDS or each.get("use", "sig") != "sig":
            continue
        try:
            found.append(JWKRegistry.import_key(each))
        except (JoseError, ValueError, TypeError, KeyError):
            continue
    return found


def _fitting(keys: list[Key], kid: str | None) -> list[Key]:
    return [each for each in keys if kid is None or each.kid == kid]
