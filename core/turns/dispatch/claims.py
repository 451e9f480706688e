"""How many claims are under way at the same time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager


class Claims:
    """Claims side by side, as many as there is room for whatever they take; a look at what was left waits for them."""

    def __init__(self, room: Callable[[], int]) -> None:
        self._room = room
        self._under_way = 0
        self._gate = asyncio.Lock()
        self._ended = asyncio.Event()

    @asynccontextmanager
    async def one(self) -> AsyncIterator[None]:
        """A claim, and what follows from it in the same step."""
        async with self._gate:
            await self._fewer_than(max(1, self._room()))
            self._under_way += 1
        try:
            yield
        finally:
            self._under_way -= 1
            self._ended.set()

    @asynccontextmanager
    async def none(self) -> AsyncIterator[None]:
        """Nobody claims."""
        async with self._gate:
            await self._fewer_than(1)
            yield

    async def _fewer_than(self, most: int) -> None:
        while self._under_way >= most:
            self._ended.clear()
            await self._ended.wait()
