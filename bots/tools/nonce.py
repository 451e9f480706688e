"""Whether a call comes from AIVAX: it brings a bcrypt hash of the account's hook key (October 2026, "Authentication").

The sender chooses what a check costs, so the form and the cost are judged first, and the rest happens in one thread
with a short line before it: whoever sends hashes that are none takes no more of the processor than that.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import bcrypt
from cachetools import TTLCache

MOST_COST = 12
LEAST_COST = 4
KEY_BYTES = 72
"""All that bcrypt uses of a key."""
_HASH = re.compile(r"\$2[aby]\$(\d\d)\$[./A-Za-z0-9]{53}")
_KNOWN_S = 60.0
_KNOWN_MOST = 256
_WAITING_MOST = 8


class NonceBusy(Exception):
    """More hashes wait to be checked than may; this one was not looked at."""


class NonceCheck:
    """Checks nonces against the hook key, and against the one before it while it is changed."""

    def __init__(self, keys: Sequence[str]) -> None:
        self._keys = [key.encode()[:KEY_BYTES] for key in keys if key]
        self._known: TTLCache[str, bool] = TTLCache(_KNOWN_MOST, _KNOWN_S)
        self._waiting = 0
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="nonce")

    async def accepts(self, nonce: str) -> bool:
        """Whether a nonce is a hash of one of the keys; one that was accepted is known for a minute.

        Raises:
            NonceBusy: too many others wait to be checked.
        """
        if nonce in self._known:
            return True
        shape = _HASH.fullmatch(nonce)
        if not self._keys or shape is None or not LEAST_COST <= int(shape[1]) <= MOST_COST:
            return False
        if self._waiting >= _WAITING_MOST:
            raise NonceBusy
        self._waiting += 1
        try:
            loop = asyncio.get_running_loop()
            is_ours = await loop.run_in_executor(self._thread, self._matches, nonce.encode())
        finally:
            self._waiting -= 1
        if is_ours:
            self._known[nonce] = True
        return is_ours

    def _matches(self, nonce: bytes) -> bool:
        try:
            return any(bcrypt.checkpw(key, nonce) for key in self._keys)
        except ValueError:  # a salt whose last character can't be
            return False

    def close(self) -> None:
        self._thread.shutdown(wait=False, cancel_futures=True)


def nonce_of(key: str, cost: int = MOST_COST) -> str:
    """Make a nonce as AIVAX does, for who asks this bot in its place."""
    made: bytes = bcrypt.hashpw(key.encode()[:KEY_BYTES], bcrypt.gensalt(cost))
    return made.decode()
