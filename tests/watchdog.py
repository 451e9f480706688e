"""Fails a test in which one callback of an event loop took more than 50 ms of its thread's processor time.

Every callback of every loop in this process is timed (`asyncio.Handle._run`), by the thread's own clock, so that a
busy machine makes little difference; what it still adds (shared caches and units of a core) is taken off: the limit
grows as a piece of known work takes longer than on a machine at rest. To read the thread's clock is a system
call, too dear for millions of callbacks: it is read every few milliseconds, and where a callback took long by the
wall's clock. A thread looks every few milliseconds where a long one is, so that the failure names the line. Only our
own code is judged: the innermost frame that is neither a library's nor Python's must lie in `core` or `bots`. Not
counted:

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

from tests.processor_time import slowness

LIMIT_S = 0.05
_LOOK_EVERY_S = 0.01
_READ_EVERY_S = 0.002
"""How old a reading of a thread's clock may be when a callback begins: a stall may be told too short by as much."""
ROOT = Path(__file__).parent.parent
_JUDGED = ("core/", "bots/")
_OWN = (*_JUDGED, "aivax_bots/", "tests/", "sandbox/", "benchmarks/", "migrations/")
_ONCE = "importlib._bootstrap"


@dataclass(slots=True)
class Running:
    """What a thread's loop does now."""

    began_s: float | None = None
    """When the callback under way began, by the wall's clock."""
    read_at_s: float = float("-inf")
    used_s: float = 0.0
    """The thread's processor time when it was read."""
    collected_s: float = 0.0
    """How much of the processor collections of garbage took."""
    looked_at_s: float | None = None
    seen: list[str] = field(default_factory=list)
    """Where the callback that began at `looked_at_s` was, at each look; empty for a place that does not count."""

    def read(self, now_s: float) -> None:
        self.read_at_s, self.used_s = now_s, self._used_s()

    def took_s(self, began_s: float) -> float:
        """Processor time since then, at least: between the last reading and then it may have used all the time."""
        return self._used_s() - self.used_s - (began_s - self.read_at_s)

    def look(self, began_s: float, place: str) -> None:
        if began_s != self.looked_at_s:
            self.looked_at_s, self.seen = began_s, []
        self.seen.append(place)

    def seen_since(self, began_s: float) -> list[str]:
        return self.seen if began_s == self.looked_at_s else []

    def _used_s(self) -> float:
        return time.thread_time() - self.collected_s


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

        def timed(handle: asyncio.Handle, ident: Any = threading.get_ident, now: Any = time.monotonic) -> Any:
            running = self._running.get(ident()) or self._running.setdefault(ident(), Running())
            running.began_s = began_s = now()
            if began_s - running.read_at_s > _READ_EVERY_S:
                running.read(began_s)
            try:
                return run(handle)
            finally:
                running.began_s = None
                if now() - began_s > LIMIT_S:
                    self._judge(running, began_s, handle)

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
            under_way = [(thread, each, each.began_s) for thread, each in list(self._running.items())]
            late = [each for each in under_way if each[2] is not None and now - each[2] > LIMIT_S / 4]
            if late:
                frames = sys._current_frames()
                for thread, running, began_s in late:
                    if frame := frames.get(thread):
                        running.look(began_s, place_of(frame))

    def _judge(self, running: Running, began_s: float, handle: asyncio.Handle) -> None:
        """Keep a stall of ours: where most looks found it, or, where none did, whose task it is."""
        took_s = running.took_s(began_s)
        if took_s <= LIMIT_S or took_s <= LIMIT_S * slowness():
            return
        seen = running.seen_since(began_s) or [_task_of(handle)]
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
