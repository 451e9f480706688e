"""The task that brings an answer to its platform while the answer is still being written."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any

from core.util.tasks import first_done

log = logging.getLogger(__name__)


class Pump:
    """Runs `work` in a task of its own. What goes wrong in it is raised by the next call for the answer.

    Whoever adds something to the answer sets `changed`. `work` clears it before it looks what is due, and sets `idle`
    when nothing is.
    """

    def __init__(self, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        self.changed = asyncio.Event()
        self.idle = asyncio.Event()
        self._work = work
        self._task: asyncio.Task[None]
        self._raised: BaseException | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._work())

    def check(self) -> None:
        """Raise what went wrong, if anything did."""
        if self._task.done():
            try:
                self._task.result()
            except BaseException as exc:
                self._raised = exc
                raise

    async def until_idle(self) -> None:
        """Return when all that is due is shown. Raises what went wrong."""
        self.idle.clear()
        self.changed.set()
        await first_done(self.idle.wait(), asyncio.wait([self._task]))
        self.check()

    async def until_done(self, timeout_s: float | None = None) -> None:
        """Return when the work has ended, or took too long; when cancelled meanwhile, it goes on."""
        self.changed.set()
        await asyncio.wait([self._task], timeout=timeout_s)

    def cancel(self) -> None:
        self._task.cancel()

    async def stop(self, error: BaseException | None) -> None:
        """End the work, even when cancelled meanwhile.

        Raises what went wrong in it and was not raised yet; where another `error` is on its way, the log has it.
        """
        cancelled: asyncio.CancelledError | None = None
        self._task.cancel()
        while not self._task.done():
            try:
                await asyncio.wait([self._task])
            except asyncio.CancelledError as exc:
                cancelled = exc
        if cancelled:
            raise cancelled
        problem = None if self._task.cancelled() else self._task.exception()
        if problem is None or problem is self._raised:
            return
        if error is None:
            raise problem
        log.warning("an answer was left while it could not be shown", exc_info=problem)
