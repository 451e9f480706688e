"""Who may read what is not for everybody: tokens in `Authorization: Bearer`, and requests of this machine alone."""

from __future__ import annotations

import secrets

from starlette.requests import Request

from core.util.addresses import is_loopback

_PASSED_ON = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "via")
"""Headers that proxies add."""


def bears(request: Request, token: str) -> bool:
    """Whether the request carries this token; never for an empty one."""
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    known = bool(token) and scheme.lower() == "bearer"
    return known and secrets.compare_digest(given.strip().encode(), token.encode())


def is_local(request: Request) -> bool:
    """Whether the request was made on this machine for this machine, and no proxy passed it on.

    A page in somebody's browser can send requests to loopback under a name of its own: the name must be loopback's.
    """
    if any(header in request.headers for header in _PASSED_ON):
        return False
    return is_loopback(request.url.hostname or "")
