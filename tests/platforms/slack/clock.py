"""The fake's time: it runs like the wall clock and can be moved forward."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(eq=False)
class Timer:
    """Something that will happen at `due`."""

    due: float
    action: Callable[[], None]
    handle: asyncio.TimerHandle | None = field(default=None, repr=False)

    def cancel(self) -> None:
        if self.handle is not None:
            self.handle.cancel()


class Clock:
    """Tells the time and runs timers. `advance` moves it forward and runs at once what falls due by that."""

    def __init__(self, time: Callable[[], float] = time.time) -> None:
        """`time` is what it runs like: the wall clock, or a test's own, by which timers do not run."""
        self._time = time
        self._ahead_s = 0.0
        self._timers: list[Timer] = []

    def now(self) -> float:
        return self._time() + self._ahead_s

    def after(self, delay_s: float, action: Callable[[], None]) -> Timer:
        timer = Timer(self.now() + delay_s, action)
        self._timers.append(timer)
        self._arm(timer)
        return timer

    def cancel(self, timer: Timer | None) -> None:
        if timer is not None:
            timer.cancel()
            if timer in self._timers:
                self._timers.remove(timer)

    def advance(self, seconds: float) -> None:
        """Moves time forward and runs, in order, every timer that is due by then (also those set on the way)."""
        until = self.now() + seconds
        while due := [timer for timer in self._timers if timer.due <= until]:
            timer = min(due, key=lambda each: each.due)
            self._ahead_s += max(0.0, timer.due - self.now())
            self._run(timer)
        self._ahead_s += max(0.0, until - self.now())
        for timer in self._timers:
            self._arm(timer)

    def close(self) -> None:
        for timer in self._timers:
            timer.cancel()
        self._timers.clear()

    def _arm(self, timer: Timer) -> None:
        timer.cancel()
        delay_s = max(0.0, timer.due - self.now())
        timer.handle = asyncio.get_running_loop().call_later(delay_s, self._run, timer)

    def _run(self, timer: Timer) -> None:
        self.cancel(timer)
        timer.action()
