"""What holds up the event loop is noticed: in the tests by a failure, in production by a line in the log."""

from __future__ import annotations

import asyncio
import errno
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import CodeType
from typing import Any

import pytest
import structlog
from sqlalchemy.util import greenlet_spawn

from core.domain.metrics import NO_METER
from core.loop_watchdog import _Looks, _Watch, watched
from tests.waiting import soon, waiting_for
from tests.watchdog import ROOT, Watchdog

BLOCKER = """
import time

def block(seconds):
    until = time.thread_time() + seconds
    while time.thread_time() < until:
        sum(range(1000))
"""


def planted(path: str, name: str) -> Callable[[float], None]:
    """A function that keeps the processor busy, and looks as if it stood in that file."""
    code: CodeType = compile(BLOCKER, str(ROOT / path), "exec")
    scope = {"__name__": name}
    exec(code, scope)  # noqa: S102  a blocker in the repository would be found by the watchdog
    return scope["block"]  # type: ignore[return-value]


def busy_for(seconds: float) -> Callable[[], bool]:
    """Whether this thread has used so much of the processor since now."""
    until = time.thread_time() + seconds
    return lambda: time.thread_time() >= until


async def _caught(block: Callable[[float], None], seconds: float = 0.4) -> list[str]:
    watchdog = Watchdog()
    with watchdog.installed():
        asyncio.get_running_loop().call_soon(lambda: block(seconds))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
    return watchdog.stalls


@pytest.mark.allow_stalls("plants a blocker")
@pytest.mark.parametrize("path", ["core/planted.py", "bots/slack/planted.py"])
async def test_a_planted_blocker_is_caught_and_named(path: str) -> None:
    stalls = await _caught(planted(path, "core.planted"))

    assert any(stall.startswith(f"{path}:") and "block took " in stall for stall in stalls), stalls


@pytest.mark.allow_stalls("plants a blocker")
@pytest.mark.parametrize("path", ["tests/planted.py", "sandbox/planted.py"])
async def test_test_code_and_fakes_may_block_the_loop_of_a_test(path: str) -> None:
    assert await _caught(planted(path, "tests.planted")) == []


async def test_many_short_callbacks_are_no_stall() -> None:
    block = planted("core/planted.py", "core.planted")
    watchdog = Watchdog()
    with watchdog.installed():
        for _ in range(20):
            asyncio.get_running_loop().call_soon(lambda: block(0.005))
        await asyncio.sleep(0)
        await asyncio.sleep(0)

    assert watchdog.stalls == []


async def test_waiting_for_the_processor_is_no_stall() -> None:
    """A blocked thread, like one that others take the processor from, uses no time of its own."""
    watchdog = Watchdog()
    with watchdog.installed():
        asyncio.get_running_loop().call_soon(lambda: threading.Event().wait(0.1))
        await asyncio.sleep(0)
        await asyncio.sleep(0)

    assert watchdog.stalls == []


@pytest.mark.allow_stalls("plants a blocker")
async def test_in_production_the_log_names_what_ran_and_how_long_once_a_minute() -> None:
    block = planted("core/planted.py", "core.planted")

    def named() -> list[Any]:
        stalls = [each for each in logs if each["event"] == "loop.stalled"]
        return [each for each in stalls if each["where"].startswith("core/planted.py:")]

    with structlog.testing.capture_logs() as logs:
        async with watched(0.05):
            async with waiting_for("a line that names the blocker"):
                while not named():  # where nothing else runs, after the first
                    await asyncio.create_task(_blocking(block), name="turn 7")
                    await asyncio.sleep(0)
            for _ in range(2):
                await asyncio.create_task(_blocking(block), name="turn 7")
                await asyncio.sleep(0)

    (entry,) = named()
    assert entry["processor_ms"] >= 50


async def _blocking(block: Callable[[float], None]) -> None:
    block(0.6)


async def test_a_look_that_comes_after_the_callback_names_nothing() -> None:
    """On a busy machine the last look may come when the loop waits already: that place held nothing up."""
    watch = _Watch(asyncio.get_running_loop(), 0.05, NO_METER)

    def once_it_waits() -> tuple[str, str] | None:
        until, found = time.monotonic() + 30, watch._where()
        while (
            found is not None and time.monotonic() < until
        ):  # it may still be at the call that began this thread
            found = watch._where()
        return found

    assert watch._where() is not None
    assert await greenlet_spawn(watch._where) is not None  # as SQLAlchemy runs statements
    assert await asyncio.to_thread(once_it_waits) is None


async def test_what_the_loop_does_after_its_sign_is_not_counted() -> None:
    """On a busy machine the thread that watches wakes long after the sign."""
    went_on = threading.Event()

    class WakesLate(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            return super().wait(timeout) and went_on.wait(30)

    class Watching(_Watch):
        used_s = 0.0
        began, looked = threading.Event(), threading.Event()

        def _used_s(self) -> float:
            self.began.set()
            return self.used_s

        def _where(self) -> tuple[str, str]:
            self.looked.set()
            return "core/planted.py:1 quick", "core/planted.py:1 quick"

    def quick(watch: Watching) -> None:
        assert watch.began.wait(30)
        watch.used_s = 0.02
        assert watch.looked.wait(30)

    watch = Watching(asyncio.get_running_loop(), 0.05, NO_METER)
    watch._seen = WakesLate()
    with structlog.testing.capture_logs() as logs:
        asyncio.get_running_loop().call_soon(quick, watch)
        watching = asyncio.get_running_loop().run_in_executor(None, watch._await_sign)
        await soon("its sign", asyncio.to_thread(threading.Event.wait, watch._seen, 30))
        watch.used_s = 0.2
        went_on.set()
        await soon("its end", watching)

    assert logs == []


def test_what_was_seen_most_often_is_named_and_not_what_was_seen_last() -> None:
    looks = _Looks()
    for where in (
        None,
        ("core/a.py:1 slow", "x"),
        ("core/a.py:2 slow", "y"),
        ("core/b.py:9 quick", "z"),
        None,
    ):
        looks.note(where)

    assert looks.most() == ("core/a.py:2 slow", "y")
    assert _Looks().most() is None


async def test_a_loop_with_much_to_do_that_goes_on_is_not_reported() -> None:
    with structlog.testing.capture_logs() as logs:
        async with watched(0.05), asyncio.timeout(60):
            done = busy_for(0.5)
            while not done():  # noqa: ASYNC110  nothing is awaited: it is the loop that has to do
                await asyncio.sleep(0)

    assert [each for each in logs if each["event"] == "loop.stalled"] == []


@pytest.mark.skipif(sys.platform != "linux", reason="no other system can sleep by another thread's time")
async def test_while_the_loop_is_idle_its_watchdog_sleeps() -> None:
    async with watched(0.01):
        *_, watch = (each for each in threading.enumerate() if each.name == "stalls")
        await asyncio.sleep(0.1)  # its start
        before = woken(watch)
        await asyncio.sleep(1)

        assert woken(watch) - before <= 2  # it looked each 5 ms


def woken(thread: threading.Thread) -> int:
    """How often a thread has gone to sleep so far."""
    status = Path(f"/proc/self/task/{thread.native_id}/status").read_text()
    return int(status.partition("\nvoluntary_ctxt_switches:")[2].split()[0])


@pytest.mark.allow_stalls("plants a blocker")
async def test_a_system_without_such_a_sleep_is_looked_at_now_and_then(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def missing(_clock: int, _used_s: float) -> None:
        raise OSError(errno.ENOSYS, "no such call")

    monkeypatch.setattr("core.loop_watchdog.sleep_until_used", missing)
    block = planted("core/planted.py", "core.planted")
    with structlog.testing.capture_logs() as logs:
        async with watched(0.05), waiting_for("a line that names the blocker"):
            while not any(each["event"] == "loop.stalled" for each in logs):
                await asyncio.create_task(_blocking(block), name="turn 7")
                await asyncio.sleep(0)
