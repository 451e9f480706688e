"""Talks to one provider: where people are sent, and from the code that they bring back to their account."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote_plus, urlencode

from authlib.oauth2.rfc6749.parameters import prepare_grant_uri
from authlib.oauth2.rfc7636 import create_s256_code_challenge

from bots.web.console.providers.discovery import Discovery
from bots.web.console.providers.id_tokens import IdTokens
from bots.web.console.providers.states import State
from bots.web.console.providers.transport import Transport
from bots.web.console.providers.values import Endpoints, Provider, ProviderFailed


@dataclass(frozen=True, slots=True)
class Exchange:
    """Asks one provider. All of it raises ProviderFailed."""

    provider: Provider
    transport: Transport
    discovery: Discovery
    id_tokens: IdTokens

    async def endpoints(self) -> Endpoints:
        return self.provider.endpoints or await self.discovery.endpoints()

    async def address(self, state: State, redirect: str) -> str:
        """Where to send who wants to sign in."""
        more = {"nonce": state.nonce} if self.provider.endpoints is None else {}
        if self.provider.has_pkce:
            challenge = create_s256_code_challenge(state.verifier)
            more |= {"code_challenge": challenge, "code_challenge_method": "S256"}
        address: str = prepare_grant_uri(
            (await self.endpoints()).authorize,
            self.provider.client.id,
            "code",
            redirect,
            list(self.provider.scopes),
            state.text,
            **more,
        )
        return address

    async def told(self, code: str, state: State, redirect: str) -> dict[str, Any]:
        """What the provider tells of the account whose owner brought this code."""
        endpoints = await self.endpoints()
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect}
        if self.provider.has_pkce:
            form["code_verifier"] = state.verifier
        headers, more = self._credentials(endpoints)
        answer = await self.transport.post(endpoints.token, headers, urlencode(form | more))
        if self.provider.endpoints is not None:
            return await self._asked(answer, endpoints)
        claims = await self.id_tokens.claims(answer, state.nonce)
        if endpoints.account and self._lacks(claims):
            more_told = await self._asked(answer, endpoints)
            if more_told.get("sub") != claims["sub"]:
                raise ProviderFailed("it tells of another account than the one that signed in")
            return _joined(claims, more_told)
        return claims

    async def way_out(self, back: str) -> str:
        """Where people are signed out; `""`: nowhere but here."""
        end = (await self.endpoints()).end if self.provider.ends_there else ""
        return (
            f"{end}{'&' if '?' in end else '?'}"
            + urlencode({"client_id": self.provider.client.id, "post_logout_redirect_uri": back})
            if end
            else ""
        )

    def came_from(self, given: str | None, endpoints: Endpoints) -> bool:
        """Whether who came back comes from this provider, as far as it tells (RFC 9207): against mixing them up."""
        return given == self.provider.issuer if given is not None else not endpoints.tells_issuer

    def _credentials(self, endpoints: Endpoints) -> tuple[dict[str, str], dict[str, str]]:
        """Who we are, in a header or in the form."""
        client, secret = self.provider.client.id, self.provider.client.secret.get_secret_value().strip()
        if not secret:
            return {}, {"client_id": client}
        if endpoints.takes_secret_in_body:
            return {}, {"client_id": client, "client_secret": secret}
        pair = f"{quote_plus(client)}:{quote_plus(secret)}"  # RFC 6749, 2.3.1
        return {"Authorization": f"Basic {b64encode(pair.encode()).decode()}"}, {}

    def _lacks(self, claims: Mapping[str, Any]) -> bool:
        """Whether the ID token leaves out what the settings ask for: some providers tell it only when asked."""
        wanted = {self.provider.claims.name, self.provider.claims.groups, "email"} - {""}
        return any(each not in claims for each in wanted)

    async def _asked(self, answer: Mapping[str, Any], endpoints: Endpoints) -> dict[str, Any]:
        token = answer.get("access_token")
        if not isinstance(token, str) or not token.isascii() or not token.isprintable():
            raise ProviderFailed("it gives no access token")
        return await self.transport.get(endpoints.account, {"Authorization": f"Bearer {token}"})


def _joined(claims: Mapping[str, Any], asked: Mapping[str, Any]) -> dict[str, Any]:
    """What the ID token says, and what it leaves out. An address was verified by whoever tells the address."""
    of_address = claims if "email" in claims else asked
    told = {name: of_address.get(name) for name in ("email", "email_verified")}
    return {**asked, **claims, **told}
