"""Passwords: hashed by argon2id, one at a time in a thread, so that no flood takes the loop or the memory."""

from __future__ import annotations

import asyncio

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

MEMORY_KIB, PASSES, LANES = 19_456, 2, 1
"""The parameters that OWASP's Password Storage Cheat Sheet recommends for argon2id."""
MOST_CHARS = 1_000


class Passwords:
    """Hashes and verifies."""

    def __init__(self) -> None:
        self._hasher = PasswordHasher(time_cost=PASSES, memory_cost=MEMORY_KIB, parallelism=LANES)
        self._one_at_a_time = asyncio.Lock()
        self._nobodys = ""

    async def hash(self, password: str) -> str:
        async with self._one_at_a_time:
            return await asyncio.to_thread(self._hasher.hash, password)

    async def verify(self, hashed: str | None, password: str) -> bool:
        """Whether it is the password.

        A user that there is not (None), or who has none (`""`), takes as long as one with another password.
        """
        if len(password) > MOST_CHARS:
            return False
        if not self._nobodys:
            self._nobodys = await self.hash("nobody's")
        async with self._one_at_a_time:
            is_right = await asyncio.to_thread(self._is_right, hashed or self._nobodys, password)
        return is_right and bool(hashed)

    def _is_right(self, hashed: str, password: str) -> bool:
        try:
            return self._hasher.verify(hashed, password)
        except (VerificationError, InvalidHashError):
            return False
