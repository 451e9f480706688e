"""Events on their way to the intake: in order within a channel, and tried again while they can't be stored.

Only transient errors are waited for. An event that meets a bug is left out after one try, with a line in the log:
later events of its channel are not held up.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Self
from weakref import WeakValueDictionary

from bots.discord.events.address import PLATFORM
from bots.discord.transport.timing import Timing
from core.domain import (
    DatabaseFailed,
    DatabaseNewer,
    FrontendUnreachable,
    Intake,
    OutcomeUnknown,
    PassedOver,
    PlatformBusy,
    StorageError,
)
from core.util.log import log
from core.util.tasks import TaskSet

Job = Callable[[], Awaitable[object]]

TRANSIENT = (StorageError, PlatformBusy, OutcomeUnknown, FrontendUnreachable, OSError)
"""What a later try may not meet again: a database or a platform that is away, a time-out, a lost connection."""


def is_transient(error: Exception) -> bool:
    """Tell whether trying again later can help."""
    if isinstance(error, DatabaseFailed):
        return error.passes
    return isinstance(error, TRANSIENT) and not isinstance(error, DatabaseNewer)


class Inbox:
    """Runs jobs, those of one lane one after the other. Owns the tasks it runs them in."""

    def __init__(self, timing: Timing, intake: Intake) -> None:
        self._timing = timing
        self._intake = intake
        self._tasks = TaskSet()
        self._last: WeakValueDictionary[int, asyncio.Task[object]] = WeakValueDictionary()
        """Each lane's last task, as long as it runs: `_tasks` forgets it then."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Give received events some time to be stored: Discord would not deliver them again."""
        try:
            await self._tasks.drain(self._timing.drain_s)
        finally:
            if self._tasks:
                log.error("discord.events_lost", events=len(self._tasks))
            await self._tasks.aclose()

    def put(self, lane: int, message_id: int, job: Job) -> asyncio.Future[object]:
        """Queue a job, and tell later what it returned: None where it was lost."""
        task = self._tasks.start(self._run(message_id, job, after=self._last.get(lane)))
        self._last[lane] = task
        return asyncio.shield(task)

    def lost(self, message_id: int, error: Exception) -> None:
        """Say of an event, once, that it is left out because of a bug."""
        reference = secrets.token_hex(4)
        log.error("discord.event_faulty", message=message_id, reference=reference, exc_info=error)
        self._intake.passed_over(PLATFORM, PassedOver.FAULT)

    async def _run(self, message_id: int, job: Job, after: asyncio.Task[object] | None) -> object:
        if after is not None:
            await asyncio.wait([after])
        for pause_s in (*self._timing.receive_retries_s, None):
            try:
                return await job()
            except Exception as error:  # noqa: BLE001  whatever one event meets stays its own trouble
                if not is_transient(error):
                    self.lost(message_id, error)
                    return None
                cause = f"{type(error).__name__}: {error}"
                log.warning("discord.event_not_stored", message=message_id, cause=cause)
            if pause_s is not None:
                await self._timing.sleep(pause_s)
        log.error("discord.event_lost", message=message_id)
        return None
