"""The one cookie of the console."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from bots.web.console.security.tokens import is_token
from bots.web.console.settings import ConsoleSettings


class Cookies:
    """Reads, sets and clears it. No script can read it, and no other site's form sends it along.

    Where browsers come over TLS it is sent over TLS alone, and its name begins with `__Host-`: they then take it from
    no other host and for no other path.
    """

    def __init__(self, settings: ConsoleSettings) -> None:
        self._secure = settings.is_secure
        self.name = f"{'__Host-' if self._secure else ''}aivax-console"
        self._lasts_s = round(settings.session_days * 86_400)

    def read(self, request: Request) -> str:
        """The token in it; `""` where there is none, or no token of ours."""
        given = request.cookies.get(self.name, "")
        return given if is_token(given) else ""

    def set(self, response: Response, token: str) -> None:
        response.set_cookie(
            self.name,
            token,
            max_age=self._lasts_s,
            path="/",
            secure=self._secure,
            httponly=True,
            samesite="lax",
        )

    def clear(self, response: Response) -> None:
        response.delete_cookie(self.name, path="/", secure=self._secure, httponly=True, samesite="lax")
