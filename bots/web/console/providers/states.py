"""What goes to a provider and comes back: made from the browser's own cookie, so that no other browser can use it.

Nothing of it is stored. The state is a random value, the moment and where to go, with a code that only who has the
cookie can make; the nonce and the secret of PKCE are made from the same cookie and state.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NoBase64
from dataclasses import dataclass, field
from datetime import datetime

MOST_CHARS = 1_000
AHEAD_S = 60.0
"""How far the clock of another process may be ahead."""


@dataclass(frozen=True, slots=True)
class State:
    """One sign-in that was begun."""

    text: str = field(repr=False)
    """What goes to the provider and comes back."""
    wanted: str
    """The page to go to afterwards, without its query: the provider sees it."""
    nonce: str = field(repr=False)
    verifier: str = field(repr=False)
    """The secret of PKCE (RFC 7636): 43 characters."""


def begin(cookie: str, provider: str, wanted: str, now: datetime) -> State:
    """A new one for this browser."""
    said = [secrets.token_urlsafe(16), provider, round(now.timestamp()), wanted.partition("?")[0]]
    head = urlsafe_b64encode(json.dumps(said).encode()).rstrip(b"=").decode()
    return _state(cookie, f"{head}.{_code(cookie, 'state', head)}", str(said[3]))


def read(cookie: str, provider: str, text: str, now: datetime, lasts_s: float) -> State | None:
    """What came back; None where this browser did not begin it with this provider, or too long ago."""
    head, _, code = text.partition(".")
    if len(text) > MOST_CHARS or not cookie:
        return None
    if not hmac.compare_digest(code.encode(), _code(cookie, "state", head).encode()):
        return None
    try:
        _random, name, began, wanted = json.loads(urlsafe_b64decode(head + "=" * (-len(head) % 4)))
    except (ValueError, NoBase64):
        return None
    age_s = now.timestamp() - began
    return _state(cookie, text, wanted) if name == provider and -AHEAD_S <= age_s <= lasts_s else None


def _state(cookie: str, text: str, wanted: str) -> State:
    return State(text, wanted, _code(cookie, "nonce", text), _code(cookie, "verifier", text))


def _code(cookie: str, purpose: str, text: str) -> str:
    made = hmac.new(cookie.encode(), f"{purpose} {text}".encode(), hashlib.sha256).digest()
    return urlsafe_b64encode(made).rstrip(b"=").decode()
