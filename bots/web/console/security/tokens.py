"""Tokens: random, and stored only as digests; the token of a form is made from the one in the cookie."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets

_FORM = re.compile(r"[A-Za-z0-9_-]{43}")
"""32 bytes in URL-safe base64."""


def new_token() -> str:
    """256 random bits, as text that fits a cookie and a path."""
    return secrets.token_urlsafe(32)


def is_token(text: str) -> bool:
    return _FORM.fullmatch(text) is not None


def digest(token: str) -> str:
    """What a token is stored and found by."""
    return hashlib.sha256(token.encode()).hexdigest()


def form_token(cookie_token: str) -> str:
    """What each form holds: nobody who does not know the cookie can make it, and it does not tell the cookie."""
    return hmac.new(cookie_token.encode(), b"form", hashlib.sha256).hexdigest()


def is_form_token(given: str, cookie_token: str) -> bool:
    return hmac.compare_digest(given.encode(), form_token(cookie_token).encode())
