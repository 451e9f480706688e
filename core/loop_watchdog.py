"""Notices what holds up the event loop, and says in the log what it was.

A thread looks at the loop's from outside, whenever that one has worked for a while: it asks for a sign, and where none
comes although the loop's thread has used much of its processor's time since, it notes where that thread is. While the
loop is idle it sleeps, too. Time of the processor is counted, not of the clock on the wall: on a busy machine nothing
is reported that is not the loop's own doing.
"""

from __future__ import annotations

import asyncio
import re
import sys
import threading
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from types import FrameType

from core.domain.metrics import NO_METER, STALLS, Meter
from core.util.log import log
from core.util.processor_time import sleep_until_used

AGAIN_AFTER_S = 60.0
"""One function is named once in so long."""
_LINE = re.compile(r":\d+")
_OURS = frozenset({"core", "bots"})
_MOST_PLACES = 1_000


class _Looks:
    """Where the loop's thread was at each look, while a sign of it was missing."""

    def __init__(self) -> None:
        self._counted: Counter[str] = Counter()
        self._last: dict[str, tuple[str, str]] = {}

    def note(self, where: tuple[str, str] | None) -> None:
        """Take note of the place of ours, and of what it was within."""
        if where is not None:
            function = _function_of(where[0])
            self._counted[function] += 1
            self._last[function] = where

    def most(self) -> tuple[str, str] | None:
        """The last place in the function that was seen most often; None where none was seen."""
        for function, _ in self._counted.most_common(1):
            return self._last[function]
        return None


@asynccontextmanager
async def watched(threshold_s: float, meter: Meter = NO_METER) -> AsyncIterator[None]:
    """Watch the running loop inside; 0: don't. A callback that takes longer is logged as `loop.stalled`."""
    if threshold_s <= 0:
        yield
        return
    watch = _Watch(asyncio.get_running_loop(), threshold_s, meter)
    watch.start()
    try:
        yield
    finally:
        watch.end()


class _Watch(threading.Thread):
    """The thread that looks; to be made in the thread of the loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop, threshold_s: float, meter: Meter) -> None:
        super().__init__(name="stalls", daemon=True)
        self._loop = loop
        self._threshold_s = threshold_s
        self._meter = meter
        self._watched = threading.get_ident()
        self._clock = time.pthread_getcpuclockid(self._watched)
        self._ending = threading.Event()
        self._seen = threading.Event()
        self._signed_s = 0.0
        """How much the loop's thread had used at its last sign."""
        self._logged: dict[str, float] = {}

    def end(self) -> None:
        """Have it end when it wakes next."""
        self._ending.set()

    def run(self) -> None:
        with suppress(OSError):  # the loop's thread is gone
            while not self._ending.is_set():
                self._sleep_while_idle()
                self._await_sign()

    def _sleep_while_idle(self) -> None:
        """Sleep until the loop's thread has worked for a while."""
        until_s = self._used_s() + self._threshold_s / 4
        try:
            sleep_until_used(self._clock, until_s)
        except OSError:  # not on this system: look now and then
            while self._used_s() < until_s and not self._ending.wait(self._threshold_s / 2):
                pass

    def _await_sign(self) -> None:
        """Have the loop give a sign; what keeps it from that for too long is logged once it is over."""
        self._seen.clear()
        try:
            self._loop.call_soon_threadsafe(self._sign)
        except RuntimeError:  # closed
            self._ending.set()
            return
        began_s, looks = self._used_s(), _Looks()
        while not self._seen.wait(self._threshold_s / 2) and not self._ending.is_set():
            if self._used_s() - began_s >= self._threshold_s / 4:
                where = self._where()
                if not self._seen.is_set():  # else it may be what came after
                    looks.note(where)
        took_s = self._signed_s - began_s
        if took_s >= self._threshold_s and (most := looks.most()) is not None:
            self._meter.observe(STALLS, took_s)
            self._tell(*most, took_s)

    def _sign(self) -> None:
        """Called in the loop: this thread may wake long after, on a busy machine."""
        self._signed_s = self._used_s()
        self._seen.set()

    def _used_s(self) -> float:
        return time.clock_gettime(self._clock)

    def _where(self) -> tuple[str, str] | None:
        """The innermost place of ours, and the innermost of all; None between two callbacks."""
        frame = sys._current_frames().get(self._watched)  # noqa: SLF001  the only way to see another thread
        callback = _callback(frame)
        if callback is None:
            return None
        return _named(next(filter(_is_ours, callback), callback[0])), _named(callback[0])

    def _tell(self, place: str, within: str, took_s: float) -> None:
        now, function = time.monotonic(), _function_of(place)
        if now - self._logged.get(function, -AGAIN_AFTER_S) < AGAIN_AFTER_S:
            return
        if len(self._logged) >= _MOST_PLACES:
            self._logged.clear()
        self._logged[function] = now
        log.warning(
            "loop.stalled", where=place, within=within, task=self._task(), processor_ms=round(took_s * 1_000)
        )

    def _task(self) -> str:
        """The name of the task that runs now: most often the one that held up the loop, or what came after it."""
        try:
            task = asyncio.current_task(self._loop)
        except RuntimeError:
            return ""
        return task.get_name() if task else ""


def _callback(frame: FrameType | None) -> Sequence[FrameType] | None:
    """The frames of the callback that a thread runs, innermost first: what started the loop has no part in it.

    None where it runs none: a look that comes late finds the loop waiting, or on its way to the next one. A greenlet of
    SQLAlchemy's has frames of its own, which end where it began.
    """
    frames: list[FrameType] = []
    while frame is not None and frame.f_code is not asyncio.Handle._run.__code__:  # noqa: SLF001  its beginning
        if frame.f_code is asyncio.BaseEventLoop._run_once.__code__:  # type: ignore[attr-defined]  # noqa: SLF001
            return None
        frames.append(frame)
        frame = frame.f_back
    return frames or None


def _is_ours(frame: FrameType) -> bool:
    name = str(frame.f_globals.get("__name__", ""))
    return name.partition(".")[0] in _OURS and name != __name__


def _function_of(place: str) -> str:
    return _LINE.sub("", place)


def _named(frame: FrameType) -> str:
    code = frame.f_code
    path = Path(code.co_filename)
    return f"{path.parent.name}/{path.name}:{frame.f_lineno} {code.co_qualname}"
