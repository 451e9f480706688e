"""Signing in to the console with accounts elsewhere: whether each service answers, and what is to be entered there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from bots.frontends import Plugin
from bots.settings import WebSettings
from bots.web.console.providers.build import OIDC, exchanges_of, people_of, providers_of, redirect_of
from bots.web.console.providers.settings import NEEDED
from bots.web.console.providers.values import ProviderFailed
from bots.web.console.settings import origin_of
from core.domain.checks import Finding, failed, ok, warning
from core.util.clock import utc_now

if TYPE_CHECKING:
    from bots.web.console.providers.exchange import Exchange

CHECK = "console.sign_in"


@dataclass(frozen=True, slots=True)
class SignInCheck:
    """Reads what each service tells of itself; nobody is signed in."""

    web: WebSettings
    operators: object
    plugins: Mapping[str, Plugin]
    name: str = CHECK

    async def run(self) -> Sequence[Finding]:
        if any(find_spec(module) is None for module in NEEDED):
            return []  # `web.exposure` tells it
        console = self.web.console
        providers = providers_of(console, people_of(lambda: self.operators, self.plugins))
        found: list[Finding] = []
        for key, exchange in exchanges_of(providers, console, utc_now).items():
            found.append(await self._asked(key, exchange))
            found += self._nobody(key)
        return found

    async def _asked(self, key: str, exchange: Exchange) -> Finding:
        check, at = f"{CHECK}.{key}", self._redirect(key)
        try:
            endpoints = await exchange.endpoints()
        except ProviderFailed as error:
            issuer = "issuer is as the provider names itself, and that " if key == OIDC else ""
            cure = f"look whether {issuer}this machine reaches it; passwords let in meanwhile"
            return failed(check, f"{exchange.provider.issuer}: {error}", cure)
        host = urlsplit(endpoints.authorize).hostname
        told = "answers" if exchange.provider.endpoints is None else "is not asked before somebody signs in"
        return ok(check, f"{host} {told}; the redirect address to enter there: {at}")

    def _nobody(self, key: str) -> Sequence[Finding]:
        """A platform none of whose people may sign in."""
        if key in self.web.console.platforms and not getattr(self.operators, f"{key}_users", ()):
            cure = f"write their ids into [operators] {key}_users"
            return [warning(f"{CHECK}.{key}.people", f"nobody may sign in with {key}", cure)]
        return []

    def _redirect(self, key: str) -> str:
        return redirect_of(origin_of(self.web.console, self.web.host, self.web.port), key)
