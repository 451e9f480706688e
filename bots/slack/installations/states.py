"""The states of installations under way: signed, good for ten minutes and for the browser that carries them.

Nothing is stored of one that is handed out, so whoever asks for a million costs nothing. That a state comes back once
only is remembered in this process; whatever another one is shown again, Slack takes its code once.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from datetime import timedelta

from cachetools import LRUCache
from pydantic import SecretStr

from core.util.clock import Clock

GOOD_FOR = timedelta(minutes=10)
_PURPOSE = b"aivax-bots: the state of an installation on Slack"
_MOST_USED = 10_000
_PARTS = 3


class States:
    """Hands out states, and takes each back once. Any process with the same client secret takes it back."""

    def __init__(self, secret: SecretStr, now: Clock) -> None:
        """`secret` is `[slack] client_secret`; what signs is derived from it, and is good for nothing else."""
        self._key = hmac.digest(secret.get_secret_value().strip().encode(), _PURPOSE, hashlib.sha256)
        self._now = now
        self._used: LRUCache[str, None] = LRUCache(_MOST_USED)

    def issue(self) -> str:
        """Make a new state."""
        until = int((self._now() + GOOD_FOR).timestamp())
        return self._signed(f"{until}.{secrets.token_urlsafe(18)}")

    def consume(self, state: str) -> bool:
        """Use a state up; False where it is none of ours, is over, or was used before."""
        if not self._counts(state) or state in self._used:
            return False
        self._used[state] = None
        return True

    def _signed(self, told: str) -> str:
        return f"{told}.{hmac.new(self._key, told.encode(), hashlib.sha256).hexdigest()}"

    def _counts(self, state: str) -> bool:
        told, _, _ = state.rpartition(".")
        if not state.isascii() or state.count(".") != _PARTS - 1:
            return False
        if not hmac.compare_digest(self._signed(told), state):
            return False
        return self._now().timestamp() < int(told.partition(".")[0])
