"""A body is read in a task of its own, so that what came in many small pieces is taken in one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from types import TracebackType
from typing import Self

_MOST_BYTES = 64 * 1024
_MOST_PIECES = 128


class ReadAhead:
    """Reads while nobody waits, up to a bound: `async with ReadAhead(source) as body`.

    Its owner takes what is there. A fast server holds nobody up: at the bound the others have their turn.
    """

    def __init__(self, source: AsyncIterator[bytes]) -> None:
        self._source = source
        self._pieces: list[bytes] = []
        self._bytes = 0
        self._news: asyncio.Future[None] | None = None
        """Where the owner waits for more."""
        self._room: asyncio.Future[None] | None = None
        """Where the reader waits for the owner."""
        self._reader: asyncio.Task[None]

    async def __aenter__(self) -> Self:
        self._reader = asyncio.create_task(self._read())
        self._reader.add_done_callback(self._wake)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._reader.cancel()
        await asyncio.gather(self._reader, return_exceptions=True)

    async def take(self) -> bytes:
        """Return what has come, and wait if nothing has; empty at the end. Raises what the source raises."""
        if not self._pieces and not self._reader.done():
            self._news = asyncio.get_running_loop().create_future()
            try:
                await self._news
            finally:
                self._news = None
        if not self._pieces:
            self._reader.result()
        data = b"".join(self._pieces)
        self._pieces.clear()
        self._bytes = 0
        if self._room is not None and not self._room.done():
            self._room.set_result(None)
        return data

    async def until_end(self, timeout_s: float) -> None:
        """Wait for the source to end, though not for long."""
        await asyncio.wait([self._reader], timeout=timeout_s)

    async def _read(self) -> None:
        async for piece in self._source:
            self._pieces.append(piece)
            self._bytes += len(piece)
            self._wake()
            if self._bytes >= _MOST_BYTES or len(self._pieces) >= _MOST_PIECES:
                self._room = asyncio.get_running_loop().create_future()
                await self._room

    def _wake(self, _: object = None) -> None:
        if self._news is not None and not self._news.done():
            self._news.set_result(None)
