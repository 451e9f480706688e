"""`[web.console]`: whether the console is served, at which address people reach it, and how signing in works."""

from __future__ import annotations

from datetime import timedelta
from importlib.util import find_spec
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from bots.web.console.providers.settings import ProviderSettings, problems_of
from core.domain import SettingRefused
from core.section import TimeZone

NEEDED = {"jinja2": "jinja2", "argon2": "argon2-cffi"}
"""The modules of the extra `console`, and the packages that bring them."""
LOOPBACK = ("127.0.0.1", "::1", "localhost")

Origin = Annotated[
    str, StringConstraints(strip_whitespace=True, pattern=r"^(https?://[A-Za-z0-9.\-]+(:[0-9]{1,5})?/?)?$")
]


class ConsoleSettings(ProviderSettings):
    """The web console."""

    enabled: bool = False
    public_url: Origin = ""
    """The address at which browsers reach it: scheme, host, port. `""`: a loopback address alone."""
    time_zone: TimeZone = ""
    """In which days are counted, by its IANA name. `""`: UTC. Days that are counted already stay as they are."""
    words_for: Literal["viewer", "operator", "owner", "nobody"] = "operator"
    """From which role on what people wrote is shown."""
    live_connections: int = Field(25, ge=0)
    """How many open pages update themselves at once, in each process; 0: none. At most half of `[web] connections`."""
    live_per_session: int = Field(4, ge=1, le=1_000)
    """Of these, how many of one session."""
    live_interval_s: float = Field(2.0, ge=0.2, le=60)
    """How often it is looked for what changed."""
    try_it: bool = True
    """Whether operators can chat with the bot on the page *Try it*."""
    chat_messages: int = Field(100, ge=10, le=1_000)
    """How many messages of one account's chat are kept there, the newest, with their files."""
    chat_files: int = Field(5, ge=1, le=20)
    """How many files may go along with one message; together at most `[web] body_bytes`."""
    chat_interval_s: float = Field(0.4, ge=0.1, le=10)
    """How far apart the changes of an answer that grows are."""
    session_idle_hours: float = Field(12.0, gt=0, le=24 * 365)
    session_days: float = Field(14.0, gt=0, le=365)
    link_minutes: float = Field(30.0, gt=0, le=60 * 24 * 7)
    """For which a one-time link is good."""
    password_chars: int = Field(12, ge=8, le=100)
    """The fewest characters of a password."""
    wrong_tries: int = Field(5, ge=1)
    """Of one name, and of one address, in `wrong_tries_minutes`."""
    wrong_tries_minutes: float = Field(15.0, gt=0)

    @property
    def origin(self) -> str:
        """`public_url` as browsers write an origin."""
        return self.public_url.rstrip("/").lower()

    @property
    def is_secure(self) -> bool:
        """Whether browsers reach it over TLS."""
        return self.origin.startswith("https://")

    @property
    def link_lasts(self) -> timedelta:
        return timedelta(minutes=self.link_minutes)


def check_console(settings: ConsoleSettings, host: str) -> None:
    """Refuse a console that could not be served, or to which passwords would come in the clear.

    `host` is `[web] host`.

    Raises:
        SettingRefused: a package is missing, or others could listen in.
    """
    if missing := [package for module, package in NEEDED.items() if find_spec(module) is None]:
        fix = f"{' and '.join(missing)} must be installed: pip install 'aivax-bots[console]'"
        raise SettingRefused("[web.console] enabled", value="true", fix=fix)
    reaches_far = settings.origin.startswith("http://") and not _is_loopback(settings.origin)
    if reaches_far or (host not in LOOPBACK and not settings.is_secure):
        fix = (
            "passwords may not cross a network in the clear: name the https:// address of the proxy in front of it, or "
            'leave this empty and write [web] host = "127.0.0.1"'
        )
        raise SettingRefused("[web.console] public_url", value=settings.public_url, fix=fix)
    for problem in problems_of(settings):
        raise problem


def origin_of(settings: ConsoleSettings, host: str, port: int) -> str:
    """Where browsers reach the console: `[web.console] public_url`, else the address that is listened on."""
    return settings.origin or f"http://{f'[{host}]' if ':' in host else host}:{port}"


def _is_loopback(origin: str) -> bool:
    return origin.partition("://")[2].rsplit(":", 1)[0] in LOOPBACK
