"""From the settings to the services that people can sign in with."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from bots.frontends import PlatformSignIn
from bots.web.console import PATH
from bots.web.console.providers.rules import Rules, groups_in, oidc_rule, platform_rule
from bots.web.console.providers.settings import OidcSettings, PlatformSignInSettings, ProviderSettings
from bots.web.console.providers.values import Claims, Client, Endpoints, Provider

if TYPE_CHECKING:
    from bots.frontends import Plugin
    from bots.web.console.providers.exchange import Exchange

OIDC = "oidc"
WITH = "/sign-in/with"
"""Below the console: where each service has its two addresses."""


@dataclass(frozen=True, slots=True)
class PlatformPeople:
    """A platform that people may sign in with, and who of them runs this bot."""

    way: PlatformSignIn
    operators: Collection[str] = field(repr=False, default=())


@dataclass(frozen=True, slots=True)
class _Named(Collection[str]):
    """A list of `[operators]` as it holds whenever it is asked."""

    operators: Callable[[], object]
    setting: str

    @property
    def _ids(self) -> Collection[str]:
        ids: Collection[str] = getattr(self.operators(), self.setting, ())
        return ids

    def __contains__(self, id_: object) -> bool:
        return id_ in self._ids

    def __iter__(self) -> Iterator[str]:
        return iter(self._ids)

    def __len__(self) -> int:
        return len(self._ids)


def redirect_of(origin: str, key: str) -> str:
    """Where a provider sends people back to."""
    return f"{origin}{PATH}{WITH}/{key}/back"


def people_of(operators: Callable[[], object], plugins: Mapping[str, Plugin]) -> dict[str, PlatformPeople]:
    """The platforms that people may sign in with; `operators` gives the section with the lists of who runs this bot."""
    return {
        name: PlatformPeople(plugin.sign_in, _Named(operators, f"{name}_users"))
        for name, plugin in plugins.items()
        if plugin.sign_in is not None
    }


def providers_of(
    settings: ProviderSettings,
    platforms: Mapping[str, PlatformPeople],
    now: Callable[[], ProviderSettings] | None = None,
) -> list[Provider]:
    """Those that the settings switch on. Who is let in, and as what, `now` tells; None: the settings themselves."""
    of_now = now or (lambda: settings)
    found = [_oidc(settings.oidc, lambda: of_now().oidc)] if settings.oidc.wanted else []
    return [
        *found,
        *(
            _platform(name, own, platforms[name], partial(_own, of_now, name))
            for name, own in settings.platforms.items()
            if name in platforms
        ),
    ]


def rules_of(providers: Sequence[Provider]) -> Rules:
    return Rules({each.issuer: each.role_of for each in providers})


def exchanges_of(
    providers: Sequence[Provider], settings: ProviderSettings, now: Callable[[], datetime]
) -> dict[str, Exchange]:
    """What talks to each, by its key."""
    from bots.web.console.providers.discovery import Discovery  # the libraries: only who uses them pays
    from bots.web.console.providers.exchange import Exchange
    from bots.web.console.providers.id_tokens import IdTokens
    from bots.web.console.providers.transport import Transport

    transport = Transport(settings.provider_timeout_s)
    found = {}
    for each in providers:
        discovery = Discovery(each.issuer, transport)
        tokens = IdTokens(each, discovery, now, settings.provider_skew_s)
        found[each.key] = Exchange(each, transport, discovery, tokens)
    return found


def _own(now: Callable[[], ProviderSettings], name: str) -> PlatformSignInSettings:
    own: PlatformSignInSettings = getattr(now(), name)
    return own


def _oidc(settings: OidcSettings, now: Callable[[], OidcSettings]) -> Provider:
    return Provider(
        OIDC,
        settings.label or urlsplit(settings.issuer).hostname or settings.issuer,
        settings.issuer,
        Client(settings.client_id, settings.client_secret),
        settings.scopes,
        Claims(name=settings.name_claim, groups=settings.groups_claim),
        oidc_rule(now),
        lambda: groups_in(now()),
        ends_there=settings.ends_there,
    )


def _platform(
    name: str,
    settings: PlatformSignInSettings,
    people: PlatformPeople,
    now: Callable[[], PlatformSignInSettings],
) -> Provider:
    way = people.way
    endpoints = None
    if way.account_url:
        endpoints = Endpoints(way.authorize_url, way.token_url, way.account_url)
    return Provider(
        name,
        way.label,
        way.issuer,
        Client(settings.client_id, settings.client_secret),
        way.scopes,
        Claims(way.id_claim, way.workspace_claim),
        platform_rule(now, people.operators),
        has_pkce=way.has_pkce,
        endpoints=endpoints,
    )
