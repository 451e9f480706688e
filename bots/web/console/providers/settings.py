"""`[web.console.oidc]`, and a section for each platform that people can sign in with, such as `[web.console.slack]`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib.util import find_spec
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, SecretStr, StringConstraints

from core.domain import SettingRefused
from core.section import Section
from core.util.addresses import is_loopback

KINDS = ("sub", "email", "group")
NEEDED = {"authlib": "authlib", "joserfc": "joserfc"}
"""The modules of the extra `console` that are needed for this alone, and the packages that bring them."""
_ISSUER = re.compile(r"(https?)://([A-Za-z0-9.\-]+|\[[0-9a-f:]+\])(?::[0-9]{1,5})?(?:/[A-Za-z0-9._~%/\-]*)?")

Line = Annotated[str, StringConstraints(strip_whitespace=True, max_length=200)]


def _is_issuer(text: str) -> str:
    if not text:
        return text
    found = _ISSUER.fullmatch(text)
    if found is None or (found[1] == "http" and not is_loopback(found[2].strip("[]"))):
        raise ValueError(
            "write the provider's issuer as it names itself, an https:// address without ? or #, such as "
            "https://id.example.com/realms/team (http:// is for a provider on this machine alone)"
        )
    return text


def _is_person(text: str) -> str:
    kind, _, value = text.partition(":")
    if kind not in KINDS or not value.strip():
        raise ValueError(
            "write sub:, email: or group:, and what the provider has there: email:ana@example.com"
        )
    return f"{kind}:{value.strip()}"


Issuer = Annotated[Line, AfterValidator(_is_issuer)]
Person = Annotated[Line, AfterValidator(_is_person)]


class OidcSettings(Section):
    """Signing in with a provider of OpenID Connect; off without an issuer."""

    issuer: Issuer = ""
    client_id: Line = ""
    client_secret: SecretStr = SecretStr("")
    """Empty: a public client, kept by PKCE alone."""
    label: Line = ""
    """What the button calls it. `""`: the issuer's host."""
    scopes: tuple[Line, ...] = ("openid", "email", "profile")
    name_claim: Line = "sub"
    """What people are called here."""
    groups_claim: Line = "groups"
    viewers: tuple[Person, ...] = ()
    operators: tuple[Person, ...] = ()
    owners: tuple[Person, ...] = ()
    ends_there: bool = False
    """Whether who signs out here is signed out at the provider, too."""

    @property
    def wanted(self) -> bool:
        return bool(self.issuer)


class PlatformSignInSettings(Section):
    """Signing in with an account of a chat platform, for its people in `[operators]`; off without a client id."""

    client_id: Line = ""
    client_secret: SecretStr = SecretStr("")
    role: Literal["viewer", "operator", "owner"] = "operator"
    workspaces: tuple[Line, ...] = ()
    """The only ones whose accounts are let in. Empty: any."""

    @property
    def wanted(self) -> bool:
        return bool(self.client_id)


class ProviderSettings(Section):
    """What of `[web.console]` is about signing in with accounts elsewhere."""

    oidc: OidcSettings = OidcSettings()
    provider_session_hours: float = Field(12.0, gt=0, le=24 * 365)
    """After which who signed in with an account elsewhere does so again: only there it is known who has left."""
    provider_timeout_s: float = Field(10.0, gt=0, le=120)
    """For one request to a provider."""
    provider_skew_s: float = Field(60.0, ge=0, le=600)
    """How far the provider's clock may be off."""
    provider_minutes: float = Field(10.0, gt=0, le=60)
    """For which somebody may be busy at the provider."""

    @property
    def platforms(self) -> dict[str, PlatformSignInSettings]:
        """The platforms that people may sign in with, by name."""
        found = ((name, value) for name, value in self if isinstance(value, PlatformSignInSettings))
        return {name: value for name, value in found if value.wanted}

    @property
    def has_providers(self) -> bool:
        return self.oidc.wanted or bool(self.platforms)

    @property
    def makes_owners(self) -> bool:
        """Whether somebody may come in as an owner with an account elsewhere."""
        of_platforms = any(each.role == "owner" for each in self.platforms.values())
        return of_platforms or (self.oidc.wanted and bool(self.oidc.owners))


def problems_of(settings: ProviderSettings) -> Iterator[SettingRefused]:
    """What would keep people from signing in with accounts elsewhere."""
    if settings.has_providers and (
        missing := [package for module, package in NEEDED.items() if find_spec(module) is None]
    ):
        fix = f"{' and '.join(missing)} must be installed: pip install 'aivax-bots[console]'"
        name = "oidc" if settings.oidc.wanted else next(iter(settings.platforms))
        raise SettingRefused(f"[web.console.{name}] client_id", fix=fix)
    oidc, section = settings.oidc, "[web.console.oidc]"
    if oidc.wanted and not oidc.client_id:
        yield SettingRefused(f"{section} client_id", fix="write the id that the provider gave this client")
    if oidc.wanted and not (oidc.viewers or oidc.operators or oidc.owners):
        fix = 'nobody could sign in: name people, such as ["email:ana@example.com"], or write issuer = ""'
        yield SettingRefused(f"{section} owners", value="[]", fix=fix)
    if oidc.wanted and "openid" not in oidc.scopes:
        yield SettingRefused(f"{section} scopes", fix='"openid" must be among them')
    for name, platform in settings.platforms.items():
        if not platform.client_secret.get_secret_value().strip():
            fix = "write the client secret of the platform's app"
            yield SettingRefused(f"[web.console.{name}] client_secret", fix=fix)
