"""Procrastinate's jobs, several in one statement: what has ended is deleted by the one that takes the next."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from typing import Any

from procrastinate.connector import BaseConnector
from procrastinate.jobs import Job, Notification, Status
from procrastinate.manager import JobManager, NotificationCallback

from core.storage.dispatch.jobs import TAKING

AT_ONCE = 3
"""Jobs that a process has at work: each for as long as a claim takes, or until it is handed on where all are busy."""
ENDED_WITHIN_S = 0.25
"""A job that has ended waits so long for the next fetch to delete it along; then it is deleted by itself."""


class JobBatches(JobManager):
    """A `JobManager` that takes up to `AT_ONCE` jobs with one statement, and none that would have to wait here.

    A worker of the library asks for one job after the other until there is none: it is given those that were taken
    together, and the answer that there are no more where none was told of since. To be used by one worker.
    """

    def __init__(
        self,
        connector: BaseConnector,
        *,
        room: Callable[[str], int],
        news: asyncio.Event,
        look_every_s: float,
    ) -> None:
        """`room`: how many jobs of a queue can be carried out at once. While one has none, it is asked again once
        `news` is set, and after `look_every_s`.
        """
        super().__init__(connector)
        self._room = room
        self._news = news
        self._look_every_s = look_every_s
        self._taken: deque[Job] = deque()
        self._at_work = 0
        self._one_ended = asyncio.Event()
        self._ended: list[int | None] = []
        self._deleted = asyncio.Event()
        """Set once those in `_ended` are."""
        self._worker_id = 0
        self._listens = False
        self._was_told = False
        self._is_empty = False
        """Whether those that were taken last were all."""

    async def listen_for_jobs(
        self, *, on_notification: NotificationCallback, queues: Iterable[str] | None = None
    ) -> None:
        """Hear of new jobs. See `JobManager`."""

        async def told(*, channel: str, notification: Notification) -> None:
            if self._room(channel.rpartition("#")[2]):
                self._was_told, self._is_empty = True, False
                self._news.set()
            await on_notification(channel=channel, notification=notification)

        self._listens = True
        await super().listen_for_jobs(on_notification=told, queues=queues)

    async def fetch_job(self, queues: Iterable[str] | None, worker_id: int) -> Job | None:
        """Give out the next job, None where there is none. See `JobManager`."""
        self._worker_id = worker_id
        while not self._taken:
            if self._is_empty:
                self._is_empty = False
                return None
            await self._take([*(queues or ())])
        self._at_work += 1
        return self._taken.popleft()

    async def _take(self, queues: list[str]) -> None:
        while (most := AT_ONCE - self._at_work) <= 0:
            self._one_ended.clear()
            await self._one_ended.wait()
        self._was_told = False
        self._news.clear()
        room = {queue: places for queue in queues if (places := self._room(queue))}
        most = min([most, *room.values()])
        found = await self._run([*room], most) if room else []
        self._taken.extend(sorted(map(Job.from_row, found), key=lambda job: (-job.priority, job.id)))
        if len(room) == len(queues):
            # who hears of jobs knows whether there are more; nobody else does until none is found
            self._is_empty = not self._was_told and len(found) < (most if self._listens else 1)
        elif not found:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._look_every_s):
                    await self._news.wait()

    async def finish_job(self, job: Job, status: Status, delete_job: bool) -> None:
        """Have a job that this worker took deleted, soon; end another's at once. See `JobManager`."""
        if job.worker_id != self._worker_id:
            await super().finish_job(job, status, delete_job)
            return
        self._at_work -= 1
        self._one_ended.set()
        self._ended.append(job.id)
        with suppress(TimeoutError):
            async with asyncio.timeout(ENDED_WITHIN_S):
                await self._deleted.wait()
        if job.id in self._ended:
            await self._run([], 0)

    async def _run(self, queues: list[str], most: int) -> Sequence[dict[str, Any]]:
        (ended, deleted), self._ended, self._deleted = (self._ended, self._deleted), [], asyncio.Event()
        asked = {"queues": queues, "most": most, "ended": ended, "worker_id": self._worker_id}
        try:
            return await self.connector.execute_query_all_async(query=TAKING, **asked)
        finally:
            deleted.set()
