"""Who asks with the operator's token."""

from __future__ import annotations

import secrets

from starlette.requests import Request


def is_admin(request: Request, admin_token: str) -> bool:
    """Whether a request has `Authorization: Bearer <[web] admin_token>`; without a token nobody is."""
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    known = bool(admin_token) and scheme.lower() == "bearer"
    return known and secrets.compare_digest(given.strip().encode(), admin_token.encode())
