"""A service that people sign in with, and what is known of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from pydantic import SecretStr

from core.domain import BotError
from core.domain.console import OutsideAccount, Role


class ProviderFailed(BotError):
    """Somebody could not be signed in with an account elsewhere: the cause is for the log."""

    def __init__(self, cause: str, *, is_down: bool = False) -> None:
        """`is_down`: the service can't be reached, or answers nothing that can be read."""
        super().__init__(cause)
        self.is_down = is_down


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Where a service is asked, and how."""

    authorize: str
    token: str
    account: str = ""
    """Tells about whose token is sent; `""`: there is none."""
    keys: str = ""
    """The keys that sign its ID tokens."""
    end: str = ""
    """Signs people out there."""
    takes_secret_in_body: bool = True
    algorithms: tuple[str, ...] = ()
    """That it signs ID tokens with, as it says."""
    tells_issuer: bool = False
    """Whether who comes back brings its name along (RFC 9207)."""


@dataclass(frozen=True, slots=True)
class Client:
    """As what the console is known there."""

    id: str
    secret: SecretStr


@dataclass(frozen=True, slots=True)
class Claims:
    """What it calls the things that it tells of an account."""

    subject: str = "sub"
    workspace: str = ""
    name: str = ""
    groups: str = ""


@dataclass(frozen=True, slots=True)
class Provider:
    """One service."""

    key: str
    """In addresses, and before the names of its people: `oidc`, or a platform's name."""
    label: str
    issuer: str
    client: Client
    scopes: Sequence[str]
    claims: Claims
    role_of: Callable[[OutsideAccount], Role | None]
    """As what an account is let in; None: not at all."""
    groups: Callable[[], frozenset[str]] = frozenset
    """The groups that the settings name now: no others are kept."""
    has_pkce: bool = True
    endpoints: Endpoints | None = field(default=None)
    """Those of a service that has no discovery and signs no ID tokens; None: it is OpenID Connect."""
    ends_there: bool = False
