"""Whether a call comes from AIVAX: it brings a bcrypt hash of the account's hook key (October 2026, "Authentication").

The sender chooses what a check costs, so the form and the cost are judged first, and the rest happens in two threads
with a short line before them: whoever sends hashes that are none takes no more of the processor than that.
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
_THREADS = 2
_STRANGERS_MOST = 8
"""So many hashes may be under way for one to be looked at that comes without our secret."""


class NonceBusy(Exception):
    """More hashes wait to be checked than may; this one was not looked at."""


class NonceCheck:
    """Checks nonces against the hook key, and against the one before it while it is changed."""

    def __init__(self, keys: Sequence[str]) -> None:
        self._keys = [key.encode()[:KEY_BYTES] for key in keys if key]
        self._known: TTLCache[str, bool] = TTLCache(_KNOWN_MOST, _KNOWN_S)
        self._under_way: dict[str, asyncio.Future[bool]] = {}
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="nonce")

    async def accepts(self, nonce: str, *, trusted: bool = False) -> bool:
        """Whether a nonce is a hash of one of the keys; one that was accepted is known for a minute.

        `trusted`: it came with our own secret, and waits for its turn where a stranger's is turned away.

        Raises:
            NonceBusy: too many others wait to be checked.
        """
        if nonce in self._known:
            return True
        shape = _HASH.fullmatch(nonce)
        if not self._keys or shape is None or not LEAST_COST <= int(shape[1]) <= MOST_COST:
            return False
        checking = self._under_way.get(nonce)
        if checking is None:
            if len(self._under_way) >= (_KNOWN_MOST if trusted else _STRANGERS_MOST):
                raise NonceBusy
            checking = asyncio.get_running_loop().run_in_executor(
                self._threads, self._matches, nonce.encode()
            )
            self._under_way[nonce] = checking
            checking.add_done_callback(lambda done: self._checked(nonce, done))
        return await asyncio.shield(checking)

    def _checked(self, nonce: str, checked: asyncio.Future[bool]) -> None:
        del self._under_way[nonce]
        if not checked.cancelled() and checked.exception() is None and checked.result():
            self._known[nonce] = True

    def _matches(self, nonce: bytes) -> bool:
        try:
            return any(bcrypt.checkpw(key, nonce) for key in self._keys)
        except ValueError:  # a salt whose last character can't be
            return False

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)


def nonce_of(key: str, cost: int = MOST_COST) -> str:
    """Make a nonce as AIVAX does, for who asks this bot in its place."""
    made: bytes = bcrypt.hashpw(key.encode()[:KEY_BYTES], bcrypt.gensalt(cost))
    return made.decode()
