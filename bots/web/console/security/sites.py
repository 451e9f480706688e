"""Which hosts the console answers as, and from which pages it takes forms: against rebinding of names and forgery."""

from __future__ import annotations

import re

from starlette.requests import Request

from bots.web.console import PATH
from bots.web.console.settings import ConsoleSettings

_HERE = re.compile(r"(?:127\.0\.0\.1|localhost|\[::1\])(?::[0-9]{1,5})?")
_WITHIN = re.compile(rf"{PATH}/(?:[A-Za-z0-9_~.-]+/)*[A-Za-z0-9_~.-]*(?:\?[A-Za-z0-9_~.%=&+-]*)?")
"""A path of the console: no scheme, no host, no empty step, no backslash, no control character."""


class Sites:
    """Judges the `Host` and the `Origin` of requests."""

    def __init__(self, settings: ConsoleSettings) -> None:
        self._public = settings.origin

    def origin_of(self, request: Request) -> str:
        """The origin that the request is for; `""` where it is for a host that is not ours."""
        host = request.headers.get("host", "").lower()
        scheme, _, public_host = self._public.partition("://")
        if public_host and host == _without_default_port(scheme, public_host):
            return f"{scheme}://{host}"
        return f"http://{host}" if _HERE.fullmatch(host) else ""

    def is_own_form(self, request: Request) -> bool:
        """Whether a form was sent from a page of ours, as the browser tells: by `Origin`, else by `Sec-Fetch-Site`."""
        origin = request.headers.get("origin")
        if origin is None:
            return request.headers.get("sec-fetch-site") == "same-origin"
        own = {self._public, self.origin_of(request)} - {
            ""
        }  # some proxies tell another Host than they were asked for
        return origin.lower() in own

    def address_of(self, request: Request) -> str:
        """Where others reach the console: its public address, else the one that this request came to."""
        return self._public or self.origin_of(request)


def within(path: str) -> str:
    """The path if it leads to a page of the console, else to the first one: nobody is sent anywhere else."""
    return path if len(path) <= 300 and _WITHIN.fullmatch(path) else f"{PATH}/"


def _without_default_port(scheme: str, host: str) -> str:
    return host.removesuffix(":443" if scheme == "https" else ":80")
