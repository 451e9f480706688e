"""A time limit on one wait after another, with a single timer."""

from __future__ import annotations

import asyncio


class WaitLimit:
    """Ends waits that take too long, as `asyncio.timeout` does, for those who wait again and again.

    The timer is moved on only when it goes off: to begin and to end a wait is to note when it is due. Each wait is
    bounded by `begin` and `end`, in one task; one is under way at most. `close` when there will be no more.
    """

    __slots__ = ("_cancelling", "_due", "_expired", "_loop", "_task", "_timer")

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._task: asyncio.Task[object] | None = None
        """The one that waits."""
        self._due = 0.0
        self._cancelling = 0
        self._expired = False

    def begin(self, due: float) -> None:
        """From now on the task waits; it is cancelled at `due`, by the loop's clock."""
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("only a task can be ended")
        self._task, self._due, self._cancelling = task, due, task.cancelling()
        if self._timer is None or due < self._timer.when():
            self._set_timer()

    def end(self, error: BaseException | None) -> bool:
        """The wait is over; tell whether `error`, which came of it, is only this limit: others cancel, too."""
        task, self._task = self._task, None
        if not self._expired or task is None:
            return False
        self._expired = False
        return task.uncancel() <= self._cancelling and isinstance(error, asyncio.CancelledError)

    def close(self) -> None:
        """Let go of the timer."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _set_timer(self) -> None:
        self.close()
        self._timer = self._loop.call_at(self._due, self._go_off)

    def _go_off(self) -> None:
        self._timer = None
        if self._task is None:
            return
        if self._loop.time() < self._due:
            self._set_timer()
        else:
            self._expired = True
            self._task.cancel()
