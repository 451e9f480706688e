"""The labels of a request to AIVAX that is counted: few, whatever the address, and whatever a server answers."""

from __future__ import annotations

from http import HTTPStatus

_STATUSES = frozenset(HTTPStatus) | frozenset(range(520, 531))
"""Those of the standard, and those of the proxies of Cloudflare."""
_ACCOUNT = ("/models", "/information/balance", "/information/usage")


def call_of(path: str) -> str:
    """What a request is for, by its path: `completion`, `account` or `other`."""
    if path.endswith("/chat/completions"):
        return "completion"
    return "account" if path.endswith(_ACCOUNT) else "other"


def status_label(status: int) -> str:
    """A status as a label: `none` for 0, `other` for one that no standard knows."""
    if not status:
        return "none"
    return str(status) if status in _STATUSES else "other"
