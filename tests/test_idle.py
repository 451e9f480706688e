"""A bot that nobody asks does nothing: what looks again and again sleeps while there is nothing, and wakes in time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, cast

import pytest
from sqlalchemy import Engine, event

from bots.supervisor import GRACE_S, Absences, Board
from core.admission.prober import IDLE_EVERY_S, Prober
from core.domain import Breaker, Cause, FrontendUnreachable, Tripped
from core.turns.worker_pool import PoolSettings, WorkerPool
from core.util.activity import Activity
from tests.samples import said
from tests.skipping_time import skipping
from tests.stage import staged
from tests.test_queue import NEVER_S, Rows, Running
from tests.waiting import ended, until

QUIET_S = 4.0
"""What is done each second or two, or three, would have been done."""
NOW = datetime(2026, 9, 1, tzinfo=UTC)
OUTAGE = Tripped(Breaker(Cause.OUTAGE, "m"), NOW, NOW, 0)


@contextmanager
def last_statement() -> Iterator[list[float]]:
    """When any engine executed its last statement."""
    at = [time.monotonic()]

    def note(*_: Any) -> None:
        at[0] = time.monotonic()

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield at
    finally:
        event.remove(Engine, "before_cursor_execute", note)


async def test_once_all_is_answered_the_database_is_asked_nothing(migrated_url: str) -> None:
    async with staged(migrated_url) as stage:
        with last_statement() as at:
            await stage.hear(said("hello"))
            await until(
                "seconds without a statement", lambda: time.monotonic() - at[0] > QUIET_S, every_s=0.1
            )

        await stage.hear(said("and again"))
        assert await stage.states() == ["answered", "answered"]


# The queue


class Counted(Rows):
    """Rows that count how often they are read for work."""

    reads = 0

    async def conversations_with_work(self, platforms: Any) -> Sequence[int]:
        self.reads += 1
        return await super().conversations_with_work(platforms)


def pool_over(rows: Rows) -> WorkerPool:
    return WorkerPool(rows, {"fake"}, PoolSettings(running_turns=2, grace_s=0.0, renew_interval_s=NEVER_S))


async def _reads(rows: Counted, seconds: float) -> tuple[int, WorkerPool]:
    pool = pool_over(rows)
    working = asyncio.create_task(pool.work(Running(rows)))
    await asyncio.sleep(seconds)
    reads = rows.reads
    working.cancel()
    await ended(working)
    return reads, pool


def test_rows_in_which_nothing_waits_are_read_each_half_minute() -> None:
    (reads, pool), _ = skipping(_reads(Counted(), 100))

    assert reads <= 5
    assert not pool.activity.is_on


def test_rows_in_which_something_is_delayed_are_read_each_two_seconds() -> None:
    delayed = Counted()
    delayed.waiting[1] = []
    delayed.running = {7: cast("Any", object())}  # in another process

    async def recover(*_: object, **__: object) -> int:
        return 0

    delayed.recover = recover  # type: ignore[method-assign,assignment]
    (reads, pool), _ = skipping(_reads(delayed, 100))

    assert 45 <= reads <= 55
    assert pool.activity.is_on


def test_a_notice_wakes_a_queue_that_rests() -> None:
    async def work() -> list[int]:
        rows = Counted()
        pool, runner = pool_over(rows), Running(rows)
        working = asyncio.create_task(pool.work(runner))
        await asyncio.sleep(50)
        assert not pool.activity.is_on
        rows.add(1)
        pool.notify(1)
        await pool.drained()
        working.cancel()
        await ended(working)
        return runner.ended

    assert skipping(work())[0] == [101]


def test_what_is_told_while_the_rows_are_looked_at_keeps_all_awake() -> None:
    activity = Activity()
    mark = activity.mark

    activity.stir()
    activity.rest(mark)

    assert activity.is_on


# The prober


class Parts:
    """All that a prober works with, each part at rest unless a test says otherwise."""

    awaits_credit = False

    def __init__(self) -> None:
        self.tripping: Sequence[Tripped] = ()
        self.releasing = False
        self.looks = 0
        self.swept = 0
        self.activity = Activity()

    @property
    def prober(self) -> Prober:
        part = cast("Any", self)
        return Prober(part, part, part, part, part, self.sweep_soon, self.activity)

    def sweep_soon(self) -> None:
        self.swept += 1

    async def look(self, *_: object, **__: object) -> bool:
        return False

    async def are_at_rest(self) -> bool:
        self.looks += 1
        return not self.tripping and not self.releasing

    async def tripped(self) -> Sequence[Tripped]:
        return self.tripping

    async def release(self, _tripped: object) -> tuple[bool, bool]:
        return False, self.releasing

    async def heed_clock(self) -> None: ...

    async def heed_signs(self) -> tuple[bool, bool]:
        return False, bool(self.tripping)

    def looks_in(self, seconds: float) -> int:
        async def watch() -> None:
            watching = asyncio.create_task(self.prober.run())
            await asyncio.sleep(seconds)
            watching.cancel()
            await ended(watching)

        skipping(watch())
        return self.looks


def test_while_all_rests_breakers_are_looked_at_each_minute() -> None:
    parts = Parts()
    parts.activity.rest(parts.activity.mark)

    assert parts.looks_in(10 * IDLE_EVERY_S) <= 11


@pytest.mark.parametrize("reason", ["active", "tripped", "releasing", "credit"])
def test_while_there_is_a_reason_breakers_are_looked_at_each_second(reason: str) -> None:
    parts = Parts()
    if reason != "active":
        parts.activity.rest(parts.activity.mark)
    parts.tripping = [OUTAGE] if reason == "tripped" else ()
    parts.releasing = reason == "releasing"
    parts.awaits_credit = reason == "credit"

    assert 98 <= parts.looks_in(100) <= 101


def test_a_breaker_that_another_process_reset_has_the_rows_read() -> None:
    parts = Parts()
    prober = parts.prober

    async def look() -> None:
        parts.tripping = [OUTAGE]
        await prober.look()
        assert not parts.swept
        parts.tripping = ()
        await prober.look()
        await prober.look()

    asyncio.run(look())

    assert parts.swept == 1


# Lost frontends


def test_a_frontend_that_stays_lost_is_told_when_its_grace_is_over() -> None:
    told: list[tuple[float, str]] = []

    class Alerts:
        async def tell(self, cause: str, *_: object, **__: object) -> None:
            told.append((asyncio.get_running_loop().time(), cause))

        async def heal(self, *_: object, **__: object) -> None: ...

    async def watch() -> None:
        loop, board = asyncio.get_running_loop(), Board(["slack", "discord"])
        watching = asyncio.create_task(Absences(board, cast("Any", Alerts()), now=loop.time).run())
        board.mark("slack", None)
        board.mark("discord", None)
        await asyncio.sleep(1000)
        board.mark("slack", FrontendUnreachable("slack"))
        await asyncio.sleep(GRACE_S - 1)
        board.mark("discord", FrontendUnreachable("discord"))
        await asyncio.sleep(5)
        board.mark("discord", None)
        await asyncio.sleep(1000)
        watching.cancel()
        await ended(watching)

    skipping(watch())

    ((at, cause),) = told
    assert cause == "frontend:slack"
    assert 1000 + GRACE_S <= at <= 1000 + GRACE_S + 1


# A process that leaves breakers to another one


async def test_who_follows_looks_for_turns_when_a_breaker_has_changed_and_not_for_an_alert_that_lasts() -> (
    None
):
    parts = Parts()
    prober = parts.prober
    parts.releasing = True  # or an alert that goes on, for days perhaps
    assert [await prober.follow() for _ in range(3)] == [False] * 3
    assert parts.swept == 0

    parts.tripping = [OUTAGE]
    assert [await prober.follow() for _ in range(3)] == [True] * 3
    assert parts.swept == 1

    parts.tripping = []
    assert not await prober.follow()
    assert parts.swept == 2
