"""One request to the console, with all that is known of who sent it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from starlette.requests import Request

from bots.web.console.security.sign_in import Browser
from bots.web.console.security.tokens import form_token
from core.domain.audit import Actor, Via
from core.domain.console import ConsoleSession, ConsoleUser, Role


@dataclass(frozen=True, slots=True)
class Visit:
    """A request behind the guard."""

    request: Request
    session: ConsoleSession | None
    token: str = field(repr=False)
    """What the cookie holds, or will hold."""
    form: Mapping[str, str] = field(repr=False)
    browser: Browser = field(repr=False)

    @property
    def user(self) -> ConsoleUser:
        """Who is signed in; asked for behind a guard that lets nobody else through."""
        if self.session is None:
            raise PermissionError
        return self.session.user

    @property
    def actor(self) -> Actor:
        """Who is signed in, as the audit log names them."""
        return Actor(Via.CONSOLE, self.user.name, address=self.browser.address)

    @property
    def form_token(self) -> str:
        return form_token(self.token)

    @property
    def role(self) -> Role | None:
        return self.session.user.role if self.session else None

    @property
    def query(self) -> Mapping[str, str]:
        return self.request.query_params
