"""Time in a test's hands."""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Coroutine
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

T = TypeVar("T")


class FakeClock:
    """Time that passes only in `advance` and `run`. `now` and `sleep` go where real ones are expected."""

    def __init__(self) -> None:
        self._now = 1000.0
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._count = 0

    def now(self) -> float:
        return self._now

    async def sleep(self, seconds: float) -> None:
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        self._count += 1
        release = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self._now + seconds, self._count, release))
        await release

    async def advance(self, seconds: float) -> None:
        """Let time pass; everybody who wakes meanwhile does what can be done then."""
        until = self._now + seconds
        await self.settle()
        while self._next_at() <= until:  # no deadline: time passes by itself
            await self._wake_next()
        self._now = until

    async def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Do some work, letting time pass whenever everybody sleeps."""
        task = asyncio.create_task(work)
        await self.settle()
        while not task.done():  # no deadline: who waits for something else than time fails below
            assert self._next_at() < float("inf"), "it waits for something that will never happen"
            await self._wake_next()
        return await task

    async def settle(self) -> None:
        """Let everybody do what can be done without time passing."""
        for _ in range(50):
            await asyncio.sleep(0)

    def _next_at(self) -> float:
        while self._sleepers and self._sleepers[0][2].done():  # cancelled
            heapq.heappop(self._sleepers)
        return self._sleepers[0][0] if self._sleepers else float("inf")

    async def _wake_next(self) -> None:
        self._now = max(self._now, self._next_at())
        heapq.heappop(self._sleepers)[2].set_result(None)
        await self.settle()


class WallClock:
    """A clock that moves only when told; calling it gives the time."""

    def __init__(self) -> None:
        self.time = datetime(2026, 9, 1, 12, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.time

    def advance(self, **delta: float) -> None:
        """Let time pass: `seconds=`, `hours=` and so on, as `timedelta` takes them."""
        self.time += timedelta(**delta)
