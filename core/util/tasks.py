"""Background tasks with an owner: asyncio itself keeps only a weak reference to a running task."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class TaskSet:
    """Keeps tasks alive while they run, and ends those that still do when their owner closes."""

    def __init__(self) -> None:
        self._running: set[asyncio.Task[Any]] = set()

    def __len__(self) -> int:
        return len(self._running)

    def start(self, work: Coroutine[Any, Any, T], *, name: str | None = None) -> asyncio.Task[T]:
        """Run `work` in a task of its own. What it raises is for whoever awaits that task."""
        task = asyncio.create_task(work, name=name)
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return task

    async def drain(self, timeout_s: float) -> int:
        """Wait until all have ended, at most `timeout_s`; tells how many still run."""
        if self._running:
            await asyncio.wait(self._running, timeout=timeout_s)
        return len(self._running)

    async def aclose(self) -> None:
        """Cancel those that still run, and wait until they have ended."""
        running = list(self._running)
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)


async def first_done(*works: Awaitable[object]) -> None:
    """Wait until one of them is done, and end the others."""
    tasks = [asyncio.ensure_future(each) for each in works]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
