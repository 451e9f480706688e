"""A connection whose calls end before a cancellation goes on.

A statement that is cancelled half-way leaves its connection between two states: cancelled once more while the SDK
tidies up, it can stay open with its transaction, and on SQLite lock every other writer out.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Coroutine
from contextlib import suppress
from typing import Any, Self, TypeVar

from sqlalchemy.ext.asyncio import AsyncConnection

T = TypeVar("T")

SETTLE_S = 10.0
"""How long a cancelled call may take to end by itself; a server that went silent is not waited for longer."""


class Transaction(AsyncConnection):
    """An `AsyncConnection`: `async with` begins a transaction, commits it, or rolls it back."""

    async def __aenter__(self) -> Self:
        try:
            await self._begin()
        except BaseException:
            await self.leave()
            raise
        return self

    async def __aexit__(self, kind: object, error: object, trace: object) -> None:
        try:
            if kind is None:
                await self.commit()
        finally:
            await self.leave()

    async def _begin(self) -> None:
        await self.start()
        await self.begin().start()

    async def leave(self) -> None:
        """Give the connection back, which rolls back what was not committed."""
        if self.sync_connection is not None:
            await self.close()


class SteadyConnection(Transaction):
    """A `Transaction` over a driver that a cancellation stops half-way."""

    async def commit(self) -> None:
        await settled(super().commit())

    async def close(self) -> None:
        await settled(super().close())

    async def execute(self, *args: Any, **kwargs: Any) -> Any:
        return await settled(super().execute(*args, **kwargs))

    async def exec_driver_sql(self, *args: Any, **kwargs: Any) -> Any:
        return await settled(super().exec_driver_sql(*args, **kwargs))

    async def run_sync(self, *args: Any, **kwargs: Any) -> Any:
        return await settled(super().run_sync(*args, **kwargs))

    async def _begin(self) -> None:
        await settled(super()._begin())


async def settled(work: Coroutine[Any, Any, T]) -> T:
    """Await `work`; a cancellation meanwhile is raised once it has ended, or after `SETTLE_S`."""
    task = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        if not task.done():
            await _end(task)
        if not task.cancelled():
            task.exception()  # what it came to is nobody's any more
        raise


async def _end(task: asyncio.Future[Any]) -> None:
    until = asyncio.get_running_loop().time() + SETTLE_S
    while not task.done() and (left := until - asyncio.get_running_loop().time()) > 0:
        await _deaf(asyncio.wait({task}, timeout=left))
    task.cancel()
    while not task.done():
        await _deaf(asyncio.wait({task}))


async def _deaf(waiting: Awaitable[Any]) -> None:
    with suppress(asyncio.CancelledError):
        await waiting
