"""What was heard, on its way to the intake: in order within a channel, and tried again when it can't be stored."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Self

import structlog

from bots.discord.timing import Timing

log = structlog.get_logger(__name__)

Job = Callable[[], Awaitable[object]]


class Inbox:
    """Runs jobs, those of one lane one after the other. Owns the tasks it runs them in."""

    def __init__(self, timing: Timing) -> None:
        self._timing = timing
        self._lanes: dict[int, deque[tuple[int, Job]]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Let what was heard be stored, for a while: Discord would not deliver it again."""
        try:
            if self._tasks:
                await asyncio.wait(self._tasks, timeout=self._timing.drain_s)
        finally:
            if self._tasks:
                log.error("discord.events_lost", channels=len(self._tasks))
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    def put(self, lane: int, message_id: int, job: Job) -> None:
        """Queue a job; it is tried until it succeeds, or until the last retry has failed."""
        if (queue := self._lanes.get(lane)) is not None:
            queue.append((message_id, job))
            return
        self._lanes[lane] = deque([(message_id, job)])
        task = asyncio.create_task(self._run(lane))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _run(self, lane: int) -> None:
        queue = self._lanes[lane]
        try:
            while queue:
                message_id, job = queue.popleft()
                await self._deliver(message_id, job)
        finally:
            del self._lanes[lane]

    async def _deliver(self, message_id: int, job: Job) -> None:
        for pause_s in (*self._timing.receive_retries_s, None):
            try:
                await job()
            except Exception:
                log.exception("discord.event_not_stored", message=message_id, lost=pause_s is None)
            else:
                return
            if pause_s is not None:
                await self._timing.sleep(pause_s)
