"""Fails a test in which one callback of an event loop took more than 50 ms of its thread's processor time.

Every callback of every loop in this process is timed (`asyncio.Handle._run`), by the thread's own clock, so that a
busy machine makes little difference; what it still adds (shared caches and units of a core) is taken off: the limit
grows as a piece of known work takes longer than it did at the process's best. A thread looks every few milliseconds
where a long one is, so that the failure names the line. Only our own code is judged: the innermost frame that is
neither a library's nor Python's must lie in `core` or `bots`. Not counted:

- test code, the sandbox and the fake platforms: they run in the same loop only here;
- the first import of a module: it happens once a process, and in production at the start;
- collections of garbage: their length depends on what the tests before left behind.
"""

from __future__ import annotations

import asyncio
import gc
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any

LIMIT_S = 0.05
_LOOK_EVERY_S = 0.005
ROOT = Path(__file__).parent.parent
_JUDGED = ("core/", "bots/")
_OWN = (*_JUDGED, "tests/", "sandbox/", "benchmarks/", "migrations/")
_ONCE = "importlib._bootstrap"


@dataclass(slots=True)
class Running:
    """A callback under way."""

    thread: int
    began_s: float
    wall_s: float
    collected_s: float = 0.0
    seen: list[str] = field(default_factory=list)
    """Where it was, at each look; empty for a place that does not count."""


_best_s = float("inf")


def slowness() -> float:
    """How much longer known work takes now than at this process's best: 1 on a machine at rest."""
    global _best_s
    took_s = min(_known_work_s() for _ in range(3))
    _best_s = min(_best_s, took_s)
    return took_s / _best_s


def _known_work_s() -> float:
    began_s = time.thread_time()
    for number in range(10_000):
        str(number)
    return time.thread_time() - began_s


class Watchdog:
    """Times callbacks while it is `installed`, and keeps what took too long for `stalls`."""

    def __init__(self) -> None:
        self.stalls: list[str] = []
        self._running: dict[int, Running] = {}
        self._collecting_since_s = 0.0

    @contextmanager
    def installed(self) -> Iterator[None]:
        run = asyncio.Handle._run
        ending = threading.Event()
        looking = threading.Thread(target=self._look, args=(ending,), name="watchdog", daemon=True)

        def timed(handle: asyncio.Handle) -> Any:
            running = Running(threading.get_ident(), time.thread_time(), time.monotonic())
            before = self._running.get(running.thread)
            self._running[running.thread] = running
            try:
                return run(handle)
            finally:
                took_s = time.thread_time() - running.began_s - running.collected_s
                if before is None:
                    del self._running[running.thread]
                else:
                    self._running[running.thread] = before
                if took_s > LIMIT_S and took_s > LIMIT_S * slowness():
                    self._judge(running, took_s, handle)

        asyncio.Handle._run = timed  # type: ignore[method-assign]
        gc.callbacks.append(self._collected)
        looking.start()
        try:
            yield
        finally:
            asyncio.Handle._run = run  # type: ignore[method-assign]
            gc.callbacks.remove(self._collected)
            ending.set()
            looking.join()

    def _collected(self, phase: str, info: Mapping[str, int]) -> None:
        if phase == "start":
            self._collecting_since_s = time.thread_time()
        elif running := self._running.get(threading.get_ident()):
            running.collected_s += time.thread_time() - self._collecting_since_s

    def _look(self, ending: threading.Event) -> None:
        while not ending.wait(_LOOK_EVERY_S):
            now = time.monotonic()
            late = [each for each in list(self._running.values()) if now - each.wall_s > LIMIT_S / 4]
            if late:
                frames = sys._current_frames()
                for each in late:
                    if frame := frames.get(each.thread):
                        each.seen.append(place_of(frame))

    def _judge(self, running: Running, took_s: float, handle: asyncio.Handle) -> None:
        """Keep a stall of ours: where most looks found it, or, where none did, whose task it is."""
        seen = running.seen or [_task_of(handle)]
        ours = [place for place in seen if place]
        if len(ours) * 2 > len(seen):
            place = max(set(ours), key=ours.count)
            self.stalls.append(f"{place} took {took_s * 1_000:.0f} ms")


def place_of(frame: FrameType | None) -> str:
    """The innermost frame of our own code, if it is to be judged; else nothing."""
    while frame is not None:
        if str(frame.f_globals.get("__name__", "")).startswith(_ONCE):
            return ""
        if own := _own(frame.f_code.co_filename):
            judged = own.startswith(_JUDGED)
            return f"{own}:{frame.f_lineno} {frame.f_code.co_qualname}" if judged else ""
        frame = frame.f_back
    return ""


def _own(filename: str) -> str:
    path = filename.removeprefix(f"{ROOT}/")
    return path if path.startswith(_OWN) else ""


def _task_of(handle: asyncio.Handle) -> str:
    for task in gc.get_referents(handle._callback):
        if isinstance(task, asyncio.Task):
            code = getattr(task.get_coro(), "cr_code", None)
            own = _own(code.co_filename) if code else ""
            return f"{own} {code.co_qualname}" if own.startswith(_JUDGED) else ""
    return ""
