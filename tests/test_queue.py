"""The queue of one process: whose turn it is, how many at once, and what becomes of them at the end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime

import pytest
import structlog

from core.domain import Turn
from core.turns.worker_pool import Carrier, PoolSettings, WorkerPool
from tests.samples import ANA, DIRECT
from tests.waiting import ended, soon
from tests.waiting import until as seen

NEVER_S = 3600.0
OTHERS = 50
"""Conversations from this number on are on another platform."""


class Rows:
    """The stored turns, by conversation: those that wait, and the one that runs."""

    claims_see_each_other = True

    def __init__(self, **waiting: int) -> None:
        """`c1=3`: three turns wait in conversation 1."""
        self.waiting: dict[int, list[Turn]] = {}
        self.running: dict[int, Turn] = {}
        self.failures: list[str] = []
        """What fails next, each once."""
        self.read = asyncio.Event()
        self.renewed: list[Collection[int]] = []
        self.claims = 0
        for name, count in waiting.items():
            for _ in range(count):
                self.add(int(name[1:]))

    def add(self, conversation_id: int) -> None:
        turns = self.waiting.setdefault(conversation_id, [])
        number = conversation_id * 100 + len(turns) + 1
        key, created_at = f"{number:032}", datetime(2026, 9, 1, tzinfo=UTC)
        place = DIRECT if conversation_id < OTHERS else replace(DIRECT, platform="other")
        turns.append(
            Turn(number, key, conversation_id, 1, 1, 0, ANA, "ana", place, "D-ana", False, created_at, None)
        )

    async def claim(self, conversation_id: int, platforms: Collection[str]) -> Turn | None:
        self.claims += 1
        await self._reach("claim")
        if conversation_id in self.running or not self.waiting.get(conversation_id):
            return None
        if self.waiting[conversation_id][0].place.platform not in platforms:
            return None
        turn, *behind = self.waiting[conversation_id]
        self.waiting[conversation_id] = behind
        self.running[conversation_id] = replace(turn, has_successor=bool(behind))
        return self.running[conversation_id]

    async def recover(self, platforms: Collection[str], *, running: Collection[int]) -> int:
        await self._reach("recover")
        left = [turn for turn in self.running.values() if turn.id not in running]
        for turn in left:
            self.put_back(turn)
        return len(left)

    async def conversations_with_work(self, platforms: Collection[str]) -> Sequence[int]:
        await self._reach("read")
        self.read.set()
        open_ones = [n for n, turns in self.waiting.items() if turns and n not in self.running]
        return [n for n in open_ones if self.waiting[n][0].place.platform in platforms]

    async def has_unfinished(self) -> bool:
        await self._reach("rest")
        return bool(self.running) or any(self.waiting.values())

    async def renew(self, running: Collection[int]) -> None:
        await self._reach("renew")
        self.renewed.append(running)

    def put_back(self, turn: Turn) -> None:
        del self.running[turn.conversation_id]
        self.waiting[turn.conversation_id].insert(0, turn)

    async def _reach(self, what: str) -> None:
        if what in self.failures:
            self.failures.remove(what)
            raise OSError(f"the database is away: {what}")


class Running:
    """A runner that keeps a diary. Where `held`, a turn goes on until it is let go."""

    def __init__(self, rows: Rows, *, held: bool = False) -> None:
        self._rows = rows
        self._held = held
        self._breakers: dict[int, asyncio.Event] = {}
        self.began: list[int] = []
        self.ended: list[int] = []
        self.cancelled: list[int] = []
        self.at_once = 0
        self.most_at_once = 0
        self.crashes: set[int] = set()

    def let_go(self, turn_id: int) -> None:
        self._breakers.setdefault(turn_id, asyncio.Event()).set()

    async def run(self, turn: Turn) -> None:
        self.began.append(turn.id)
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            await self._work(turn)
        except asyncio.CancelledError:
            self.cancelled.append(turn.id)
            self._rows.put_back(turn)
            raise
        finally:
            self.at_once -= 1

    async def _work(self, turn: Turn) -> None:
        await asyncio.sleep(0)
        if self._held:
            await self._breakers.setdefault(turn.id, asyncio.Event()).wait()  # no deadline: the test opens it
        if turn.id in self.crashes:
            self.crashes.remove(turn.id)
            raise ValueError("a bug")
        self.ended.append(turn.id)
        del self._rows.running[turn.conversation_id]


def queue_of(
    rows: Rows,
    *,
    running_turns: int = 4,
    grace_s: float = 5.0,
    sweep_interval_s: float = NEVER_S,
    idle_interval_s: float = NEVER_S,
    platforms: Collection[str] = ("fake",),
    carrier: Carrier | None = None,
    hears: bool = False,
) -> WorkerPool:
    return WorkerPool(
        rows,
        frozenset(platforms),
        PoolSettings(
            running_turns=running_turns,
            grace_s=grace_s,
            sweep_interval_s=sweep_interval_s,
            idle_interval_s=idle_interval_s,
            error_delay_s=0.0,
            renew_interval_s=0.001,
        ),
        carrier=carrier,
        hears=lambda: hears,
    )


@asynccontextmanager
async def working(queue: WorkerPool, runner: Running) -> AsyncIterator[asyncio.Task[None]]:
    task = asyncio.create_task(queue.work(runner))
    try:
        yield task
    finally:
        task.cancel()
        await ended(task)


async def drained(queue: WorkerPool) -> None:
    await soon("the queue to be drained", queue.drained())


async def until(diary: Sequence[int], length: int) -> None:
    await seen(f"{length} entries", lambda: len(diary) >= length, every_s=0)


async def test_a_conversation_runs_one_turn_at_a_time_in_order() -> None:
    rows = Rows(c1=4)
    runner, queue = Running(rows), queue_of(rows)

    async with working(queue, runner):
        await drained(queue)

    assert runner.ended == [101, 102, 103, 104]
    assert runner.most_at_once == 1


async def test_a_turn_costs_one_claim() -> None:
    rows = Rows(c1=3, c2=1)
    runner, queue = Running(rows), queue_of(rows)

    async with working(queue, runner):
        await drained(queue)

    assert sorted(runner.ended) == [101, 102, 103, 201]
    assert rows.claims == 4


async def test_what_comes_while_the_last_turn_runs_is_run_next() -> None:
    rows = Rows(c1=1)
    runner, queue = Running(rows, held=True), queue_of(rows)

    async with working(queue, runner):
        await until(runner.began, 1)
        rows.add(1)
        queue.notify(1)
        runner.let_go(101)
        await until(runner.began, 2)
        runner.let_go(runner.began[1])
        await drained(queue)

    assert rows.claims == 2


async def test_conversations_run_side_by_side() -> None:
    rows = Rows(c1=1, c2=1, c3=1)
    runner, queue = Running(rows, held=True), queue_of(rows)

    async with working(queue, runner):
        await until(runner.began, 3)

        assert runner.at_once == 3
        for number in (101, 201, 301):
            runner.let_go(number)
        await drained(queue)


async def test_no_more_turns_run_at_once_than_allowed() -> None:
    rows = Rows(**{f"c{number}": 2 for number in range(1, 9)})
    runner, queue = Running(rows), queue_of(rows, running_turns=3)

    async with working(queue, runner):
        await drained(queue)

    assert runner.most_at_once == 3
    assert len(runner.ended) == 16


async def test_a_platform_that_hangs_leaves_room_for_the_others() -> None:
    rows = Rows(**{f"c{number}": 1 for number in range(1, 9)})
    runner = Running(rows, held=True)
    queue = queue_of(rows, running_turns=4, platforms=("fake", "other"))
    runner.let_go(5101)

    async with working(queue, runner):
        await until(runner.began, 3)
        rows.add(51)
        queue.notify(51)
        await until(runner.ended, 1)

        assert (runner.ended, len(runner.began)) == ([5101], 4)
        for number in range(1, 9):
            runner.let_go(number * 100 + 1)
        await until(runner.ended, 9)
        await drained(queue)


async def test_a_long_line_in_one_conversation_holds_up_no_other() -> None:
    rows = Rows(c1=3, c2=1, c3=1)
    runner, queue = Running(rows), queue_of(rows, running_turns=1)

    async with working(queue, runner):
        await drained(queue)

    assert runner.ended == [101, 201, 301, 102, 103]


async def test_work_that_comes_while_the_conversation_is_busy_is_done_after_it() -> None:
    rows = Rows(c1=1)
    runner, queue = Running(rows, held=True), queue_of(rows)

    async with working(queue, runner):
        await until(runner.began, 1)
        rows.add(1)
        queue.notify(1)
        queue.notify(1)
        runner.let_go(101)
        await until(runner.ended, 1)
        runner.let_go(runner.began[-1])
        await drained(queue)

    assert len(runner.ended) == 2
    assert runner.most_at_once == 1


async def test_a_notice_is_enough_and_a_lost_one_is_made_good_by_the_next_look() -> None:
    rows = Rows()
    runner, queue = Running(rows), queue_of(rows, sweep_interval_s=0.001, idle_interval_s=0.001)

    async with working(queue, runner):
        await soon("the first look at the rows", rows.read.wait())
        rows.add(1)
        await until(runner.ended, 1)

    assert runner.ended == [101]


async def test_needless_notices_do_no_harm() -> None:
    rows = Rows(c1=1)
    runner, queue = Running(rows), queue_of(rows)
    for number in (1, 1, 7, 7):
        queue.notify(number)

    async with working(queue, runner):
        await drained(queue)

    assert runner.ended == [101]


@pytest.mark.parametrize("failure", ["claim", "recover", "read"])
async def test_a_database_that_fails_for_a_moment_stops_nothing(failure: str) -> None:
    rows = Rows(c1=1, c2=1)
    rows.failures = [failure, failure]
    runner, queue = Running(rows), queue_of(rows, running_turns=1, sweep_interval_s=0.001)

    with structlog.testing.capture_logs() as entries:
        async with working(queue, runner):
            await until(runner.ended, 2)

    assert sorted(runner.ended) == [101, 201]
    assert [entry["log_level"] for entry in entries if entry.get("exc_info")] == ["error", "error"]


async def test_a_turn_whose_runner_breaks_is_tried_again() -> None:
    rows = Rows(c1=2, c2=1)
    runner, queue = Running(rows), queue_of(rows, running_turns=1, sweep_interval_s=0.001)
    runner.crashes = {101}

    with structlog.testing.capture_logs() as entries:
        async with working(queue, runner):
            await until(runner.ended, 3)

    assert [number for number in runner.ended if number < 200] == [101, 102]
    assert "queue.failed" in [entry["event"] for entry in entries]


async def test_it_is_not_drained_before_the_rows_were_read() -> None:
    rows = Rows(c1=1)
    runner, queue = Running(rows, held=True), queue_of(rows)
    waiting = asyncio.create_task(queue.drained())
    await asyncio.sleep(0)
    assert not waiting.done()

    async with working(queue, runner):
        await until(runner.began, 1)
        assert not waiting.done()
        runner.let_go(101)
        await soon("the queue to be drained", waiting)

    assert runner.ended == [101]


async def test_it_is_drained_again_and_again() -> None:
    rows = Rows()
    runner, queue = Running(rows), queue_of(rows)

    async with working(queue, runner):
        for count in (1, 2, 3):
            await drained(queue)
            rows.add(count)
            queue.notify(count)
            await drained(queue)

            assert len(runner.ended) == count


async def test_running_turns_are_renewed_and_nothing_else() -> None:
    rows = Rows(c1=1)
    rows.failures = ["renew"]
    runner, queue = Running(rows, held=True), queue_of(rows)

    with structlog.testing.capture_logs():
        async with working(queue, runner):
            await until(rows.renewed, 2)  # type: ignore[arg-type]  # anything that grows
            runner.let_go(101)
            await drained(queue)

    assert set(rows.renewed) == {frozenset({101})}


async def test_a_stop_lets_running_turns_finish_and_begins_no_other() -> None:
    rows = Rows(c1=2, c2=1)
    runner, queue = Running(rows, held=True), queue_of(rows, running_turns=1)

    async with working(queue, runner) as task:
        await until(runner.began, 1)
        task.cancel()
        await asyncio.sleep(0)
        runner.let_go(101)
        await ended(task)

    assert task.cancelled()
    assert (runner.began, runner.ended, runner.cancelled) == ([101], [101], [])


async def test_a_stop_hands_over_what_does_not_finish_in_time() -> None:
    rows = Rows(c1=1, c2=1)
    runner, queue = Running(rows, held=True), queue_of(rows, grace_s=0.0)

    async with working(queue, runner) as task:
        await until(runner.began, 2)
        task.cancel()
        await ended(task)

    assert sorted(runner.cancelled) == [101, 201]
    assert rows.running == {}


async def test_a_turn_that_breaks_during_the_stop_is_in_the_log() -> None:
    rows = Rows(c1=1)
    runner, queue = Running(rows, held=True), queue_of(rows)
    runner.crashes = {101}

    with structlog.testing.capture_logs() as entries:
        async with working(queue, runner) as task:
            await until(runner.began, 1)
            task.cancel()
            await asyncio.wait([task], timeout=0.01)
            runner.let_go(101)
            await ended(task)

    assert "queue.failed" in [entry["event"] for entry in entries]


async def test_nothing_is_left_behind() -> None:
    rows = Rows(c1=2, c2=2)
    runner, queue = Running(rows), queue_of(rows)
    before = asyncio.all_tasks()

    async with working(queue, runner):
        await drained(queue)
    await asyncio.sleep(0)

    assert asyncio.all_tasks() == before


class Offers:
    """A carrier that keeps what it is offered."""

    def __init__(self) -> None:
        self.offered: list[int] = []

    async def offer(self, conversations: Sequence[int]) -> None:
        self.offered += conversations


async def test_where_a_carrier_brings_work_a_sweep_offers_it_and_a_notice_alone_runs_nothing() -> None:
    rows, offers = Rows(c1=1), Offers()
    runner, queue = Running(rows), queue_of(rows, carrier=offers)

    async with working(queue, runner):
        queue.notify(1)
        await until(offers.offered, 1)
        assert (offers.offered, runner.began) == ([1], [])
        assert await queue.take(1, NEVER_S)
        await until(runner.ended, 1)


async def test_a_pool_with_room_runs_what_it_kept_without_a_carrier() -> None:
    rows = Rows(c1=1)
    runner, queue = Running(rows), queue_of(rows, carrier=Offers())
    assert not queue.keep(1, "fake")  # nobody works here yet

    async with working(queue, runner):
        await drained(queue)
        assert queue.keep(1, "fake")
        queue.notify(1)
        await until(runner.ended, 1)

    assert not queue.keep(1, "fake")


async def test_a_pool_keeps_no_more_than_it_has_room_for() -> None:
    rows = Rows(c1=1)
    runner, queue = Running(rows, held=True), queue_of(rows, running_turns=1, carrier=Offers())

    async with working(queue, runner):
        await drained(queue)
        assert not queue.keep(1, "other")  # a platform of another process
        assert queue.keep(1, "fake")
        assert not queue.keep(2, "fake")
        queue.notify(1)
        await until(runner.began, 1)
        assert not queue.keep(2, "fake")
        runner.let_go(101)
        await until(runner.ended, 1)


async def test_a_pool_tells_for_how_many_it_has_room_and_when_a_place_is_free() -> None:
    rows = Rows(c1=1, c2=1, c51=1)
    platforms = ("fake", "other")
    runner, queue = (
        Running(rows, held=True),
        queue_of(rows, platforms=platforms, carrier=Offers(), hears=True),
    )

    async with working(queue, runner):
        await drained(queue)
        rooms = [(queue.room("fake"), queue.room("other"), queue.room("none"))]
        for number, conversation in enumerate((1, 51, 2), 1):
            assert await queue.take(conversation, NEVER_S)
            await until(runner.began, number)
            rooms.append((queue.room("fake"), queue.room("other"), queue.room("none")))
        queue.freed.clear()
        runner.let_go(5101)
        await soon("a free place", queue.freed.wait())
        rooms.append((queue.room("fake"), queue.room("other"), queue.room("none")))
        for turn in (101, 201):
            runner.let_go(turn)
        await until(runner.ended, 3)

    assert rooms == [(4, 4, 0), (3, 3, 0), (2, 2, 0), (1, 1, 0), (2, 2, 0)]
    assert queue.room("fake") == 0, "a pool that is closed takes nothing"


async def test_what_comes_where_a_turn_runs_is_kept_though_the_pool_is_full() -> None:
    rows = Rows(c1=1)
    runner, queue = Running(rows, held=True), queue_of(rows, running_turns=1, carrier=Offers(), hears=True)

    async with working(queue, runner):
        assert await queue.take(1, NEVER_S)
        await until(runner.began, 1)
        assert queue.keep(1, "fake")
        runner.let_go(101)
        await drained(queue)  # before the turn that was kept is stored
        rows.add(1)
        queue.notify(1)
        await until(runner.began, 2)
        runner.let_go(runner.began[1])
        await until(runner.ended, 2)


async def test_what_a_full_pool_can_not_look_at_in_time_is_given_back() -> None:
    rows = Rows(c1=1, c2=1)
    runner, queue = Running(rows, held=True), queue_of(rows, running_turns=1, carrier=Offers())

    async with working(queue, runner):
        assert await queue.take(1, NEVER_S)
        assert not await queue.take(2, 0.0)
        runner.let_go(101)
        await drained(queue)
        assert runner.began == [101]
        taking = asyncio.create_task(queue.take(2, NEVER_S))
        await until(runner.began, 2)
        assert await taking
        runner.let_go(201)
        await until(runner.ended, 2)


async def test_a_pool_that_hears_of_work_claims_once_for_each_turn_that_is_brought() -> None:
    rows = Rows(c1=1, c2=1)
    runner, queue = Running(rows), queue_of(rows, carrier=Offers(), hears=True)

    async with working(queue, runner):
        assert await queue.take(1, NEVER_S)
        assert await queue.take(2, NEVER_S)
        await drained(queue)

    assert (sorted(runner.ended), rows.claims) == ([101, 201], 2)


@pytest.mark.parametrize("is_late", [False, True])
async def test_a_notice_of_what_came_while_a_carried_conversation_ran_is_heeded_however_late(
    is_late: bool,
) -> None:
    rows = Rows(c1=1)
    runner, queue = Running(rows, held=True), queue_of(rows, carrier=Offers(), hears=True)

    async with working(queue, runner):
        assert await queue.take(1, NEVER_S)
        await until(runner.began, 1)
        if not is_late:
            rows.add(1)
            queue.heard(1)
        runner.let_go(101)
        await until(runner.ended, 1)
        if is_late:
            await drained(queue)
            rows.add(1)
            queue.heard(1)
        await until(runner.began, 2)
        runner.let_go(runner.began[1])
        await until(runner.ended, 2)


async def test_what_came_while_a_carried_conversation_ran_is_found_without_a_notice() -> None:
    rows = Rows(c1=1)
    runner, queue = Running(rows, held=True), queue_of(rows, carrier=Offers())

    async with working(queue, runner):
        assert await queue.take(1, NEVER_S)
        rows.add(1)
        runner.let_go(101)
        await until(runner.began, 2)
        runner.let_go(runner.began[1])
        await until(runner.ended, 2)
