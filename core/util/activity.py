"""Whether there may be something to do: what looks again and again, whenever it may, sleeps while there is nothing."""

from __future__ import annotations

import asyncio
from contextlib import suppress


class Activity:
    """On from the start, and from each `stir` until whoever knows that nothing is left to do says so."""

    def __init__(self) -> None:
        self._on = asyncio.Event()
        self._on.set()
        self._stirred = 0

    @property
    def is_on(self) -> bool:
        return self._on.is_set()

    @property
    def mark(self) -> int:
        """Changes with each `stir`."""
        return self._stirred

    def stir(self) -> None:
        """Something happened: wake whoever sleeps."""
        self._stirred += 1
        self._on.set()

    def rest(self, mark: int) -> None:
        """Nothing is left to do, as of the moment of this `mark`: if nothing happened since, all may sleep."""
        if mark == self._stirred:
            self._on.clear()

    async def wait(self, at_most_s: float | None = None) -> None:
        """Sleep while there is nothing to do, and no longer than `at_most_s`."""
        if not self.is_on:
            with suppress(TimeoutError):
                async with asyncio.timeout(at_most_s):
                    await self._on.wait()
