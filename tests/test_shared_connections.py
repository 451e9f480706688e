"""Connections to platforms that processes on one PostgreSQL divide among them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine, event

from bots.cli.operations.queue import lines
from core.domain import BotError, DatabaseUnreachable, FrontendUnreachable, Watch
from core.operations.cluster import Cluster
from core.operations.sharing import Share, share_of
from core.storage.cluster.looks import Looks, Shared
from core.storage.cluster.parts import PartStore
from core.storage.db import Database
from core.storage.operations.queue_view import queue_view
from tests.samples import WallClock
from tests.waiting import ended, until

ONLY_POSTGRESQL = pytest.mark.parametrize("migrated_url", ["postgresql"], indirect=True)
LEASE_S = 20.0
HOLDING = st.dictionaries(
    st.text("abcdef", min_size=1, max_size=3), st.integers(0, 9), min_size=1, max_size=9
)


@given(HOLDING, st.integers(0, 40))
def test_all_parts_are_somebodys_and_nobody_has_two_more_than_another(
    holding: dict[str, int], size: int
) -> None:
    shares = [share_of(each, holding, size) for each in holding]

    assert sum(shares) == size
    assert max(shares) - min(shares) <= 1


@given(st.integers(1, 9), st.integers(0, 40))
def test_parts_that_are_fairly_shared_stay_where_they_are(processes: int, size: int) -> None:
    names = [f"p{number}" for number in range(processes)]
    holding = {name: size // processes + (at < size % processes) for at, name in enumerate(names[::-1])}

    assert {each: share_of(each, holding, size) for each in names} == holding


class Board:
    """Keeps what a frontend tells of its connections."""

    def __init__(self) -> None:
        self.states: list[str | BotError] = []

    def up(self) -> None:
        self.states.append("up")

    def down(self, cause: BotError) -> None:
        self.states.append(cause)


class Store(PartStore):
    """Rows in a database that can be away."""

    is_away = False

    async def look(self, size: int, keep: Collection[int], ended: Collection[int]) -> Shared:
        if self.is_away:
            raise DatabaseUnreachable("the database", "away")
        return await super().look(size, keep, ended)


class Process:
    """One of several, whose sleep ends when the test has it look."""

    def __init__(self, database: Database, clock: WallClock, name: str, size: int, most: int | None) -> None:
        self._clock = clock
        self._naps: list[asyncio.Event] = []
        self.looks = 0
        self.open: set[int] = set()
        self.closing = asyncio.Event()
        self.closing.set()
        self.broken = asyncio.Event()
        self.store = Store(database, clock, "fake", Looks(database, clock, name, lease_s=LEASE_S))
        self.share = Share(self.store, size, most=most, since=self._uptime, sleep=self._nap)
        self.board = Board()
        self.running = asyncio.create_task(self.share.run(self._serve, self.board))

    async def look(self) -> None:
        """Let it look once more, and begin and end what that tells it to."""
        await until("a nap", lambda: self._naps or self.running.done())
        before = self.looks
        for nap in self._naps:
            nap.set()
        await until("another nap", lambda: self.looks > before or self.running.done())

    def _uptime(self) -> float:
        return self._clock().timestamp()

    async def _nap(self, _seconds: float) -> None:
        self._naps.append(nap := asyncio.Event())
        self.looks += 1
        try:
            await nap.wait()  # no deadline: the test has it look
        finally:
            self._naps.remove(nap)

    async def _serve(self, part: int, watch: Watch) -> None:
        self.open.add(part)
        watch.up()
        try:
            await self.broken.wait()  # no deadline: until it is cancelled
            raise FrontendUnreachable("fake", detail="away")
        finally:
            await self.closing.wait()  # no deadline: the test lets it close
            self.open.discard(part)


Start = Callable[..., Process]


@pytest.fixture
def clock() -> WallClock:
    return WallClock()


@asynccontextmanager
async def processes(database: Database, clock: WallClock) -> AsyncIterator[Start]:
    async with AsyncExitStack() as stack:

        def start(name: str, size: int = 4, most: int | None = None) -> Process:
            process = Process(database, clock, name, size, most)

            async def stop() -> None:
                process.running.cancel()
                await asyncio.gather(process.running, return_exceptions=True)

            stack.push_async_callback(stop)
            return process

        yield start


async def seen(*them: Process) -> list[set[int]]:
    """Let each look until nothing moves any more; which connections each has."""
    for _ in range(3):
        for each in them:
            await each.look()
    return [set(each.open) for each in them]


@ONLY_POSTGRESQL
async def test_one_process_has_all_and_shares_them_with_one_that_joins(
    database: Database, clock: WallClock
) -> None:
    async with processes(database, clock) as start:
        one = start("one")
        assert await seen(one) == [{0, 1, 2, 3}]
        two = start("two")

        first, second = await seen(one, two)
        assert len(first) == len(second) == 2
        assert first | second == {0, 1, 2, 3}


@ONLY_POSTGRESQL
async def test_a_part_moves_only_once_its_connection_has_ended(database: Database, clock: WallClock) -> None:
    async with processes(database, clock) as start:
        one = start("one", 2)
        await seen(one)
        one.closing.clear()
        two = start("two", 2)

        assert await seen(one, two) == [{0, 1}, set()]
        one.closing.set()
        first, second = await seen(one, two)
        assert len(first) == len(second) == 1
        assert first != second


@ONLY_POSTGRESQL
async def test_a_dead_process_is_replaced_once_its_lease_ran_out(
    database: Database, clock: WallClock
) -> None:
    async with processes(database, clock) as start:
        dead, other = start("dead"), start("other")
        assert all(len(each) == 2 for each in await seen(dead, other))

        clock.advance(seconds=LEASE_S / 2)
        assert [len(each) for each in await seen(other)] == [2]
        clock.advance(seconds=LEASE_S / 2 + 0.1)
        assert await seen(other) == [{0, 1, 2, 3}]


@ONLY_POSTGRESQL
async def test_a_frozen_process_is_not_sure_of_its_parts_and_drops_them_when_it_wakes(
    database: Database, clock: WallClock
) -> None:
    async with processes(database, clock) as start:
        frozen, other = start("frozen", 1), start("other", 1)
        await seen(frozen, other)
        assert frozen.share.sure
        clock.advance(seconds=LEASE_S + 0.1)
        await seen(other)

        assert not frozen.share.sure
        assert not await frozen.share.has(0)
        await until("its connection ends", lambda: not frozen.open)
        assert other.open == {0}


@ONLY_POSTGRESQL
async def test_while_the_database_is_away_all_keep_what_they_have(
    database: Database, clock: WallClock
) -> None:
    async with processes(database, clock) as start:
        one = start("one", 2)
        await seen(one)
        one.store.is_away = True
        clock.advance(seconds=LEASE_S * 3)
        await one.look()

        assert await one.share.has(0)
        assert one.open == {0, 1}


@ONLY_POSTGRESQL
async def test_who_ends_gives_its_parts_back_at_once(database: Database, clock: WallClock) -> None:
    async with processes(database, clock) as start:
        ending, other = start("ending"), start("other")
        await seen(ending, other)
        ending.running.cancel()
        await ended(ending.running)

        assert await seen(other) == [{0, 1, 2, 3}]


@ONLY_POSTGRESQL
async def test_so_many_processes_hold_one_each_and_the_others_stand_by_and_count_as_up(
    database: Database, clock: WallClock
) -> None:
    async with processes(database, clock) as start:
        some = [start(f"p{number}", 2, 1) for number in range(4)]
        held = await seen(*some)

        assert sorted(map(len, held)) == [0, 0, 1, 1]
        assert all(each.board.states[-1] == "up" for each in some)
        assert [each.share.stands_by for each in some] == [not parts for parts in held]


@ONLY_POSTGRESQL
async def test_one_process_alone_holds_no_more_than_it_may(database: Database, clock: WallClock) -> None:
    async with processes(database, clock) as start:
        assert [len(each) for each in await seen(start("one", 4, 1))] == [1]


@ONLY_POSTGRESQL
async def test_what_one_connection_fails_of_ends_all_and_others_take_them(
    database: Database, clock: WallClock
) -> None:
    async with processes(database, clock) as start:
        failing, other = start("failing"), start("other")
        await seen(failing, other)
        failing.broken.set()
        await until("the end", failing.running.done)

        with pytest.raises(FrontendUnreachable):
            failing.running.result()
        assert not failing.open
        assert await seen(other) == [{0, 1, 2, 3}]


@ONLY_POSTGRESQL
async def test_a_process_that_leaves_the_number_open_goes_by_that_in_use(database: Database) -> None:
    first, second = Cluster(database, "one", lease_s=LEASE_S), Cluster(database, "two", lease_s=LEASE_S)
    share = await first.share("fake", 4, adopt=True)

    async def hold(_part: int, _watch: Watch) -> None:
        await asyncio.Event().wait()  # no deadline: until it is cancelled

    board = Board()
    running = asyncio.create_task(share.run(hold, board))
    await until("a look", lambda: share.sure)
    try:
        assert (await second.share("fake", 16, adopt=True)).size == 4
        assert (await second.share("fake", 8)).size == 8
    finally:
        running.cancel()
        await ended(running)
    assert (await second.share("fake", 16, adopt=True)).size == 16


@ONLY_POSTGRESQL
async def test_the_command_queue_tells_who_has_which_connections_and_who_is_silent(
    database: Database, clock: WallClock
) -> None:
    async with processes(database, clock) as start:
        one = start("one", 3)
        await seen(one)
        shown = list(lines(await queue_view(database, clock), "rows"))
        clock.advance(seconds=LEASE_S + 5)
        later = list(lines(await queue_view(database, clock), "rows"))

    assert "Listening one: fake 0, 1, 2 of 3, its own for 20 s more" in shown
    assert "Listening one: fake 0, 1, 2 of 3, silent: lost 5 s ago" in later


@contextmanager
def statements() -> Iterator[list[Any]]:
    """The parameters of each statement that any engine executes."""
    asked: list[Any] = []

    def note(_connection: object, _cursor: object, _statement: str, parameters: object, *_: object) -> None:
        asked.append(parameters)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield asked
    finally:
        event.remove(Engine, "before_cursor_execute", note)


@ONLY_POSTGRESQL
async def test_all_looks_at_what_is_shared_are_one_statement(database: Database, clock: WallClock) -> None:
    """Each process looks every 5 s at each thing that is shared, for as long as it runs, and while nobody asks."""
    looks, others = (Looks(database, clock, name, lease_s=LEASE_S) for name in ("one", "two"))
    first, second = (PartStore(database, clock, name, looks) for name in ("fake", "other"))
    assert await first.take(2, 0)
    assert await first.take(2, 1)
    assert await PartStore(database, clock, "other", others).take(3, 1)
    await others.look("other", 3, {1}, ())

    with statements() as asked:
        found = await asyncio.gather(first.look(2, {0}, {1}), second.look(3, {1}, ()))

    assert found[0] == Shared(frozenset({0}), {"one": 1}, frozenset({1}))
    assert found[1] == Shared(frozenset(), {"one": 0, "two": 1}, frozenset({0, 2}))
    assert len(asked) == 1


@ONLY_POSTGRESQL
async def test_all_that_a_process_shares_is_looked_at_at_the_same_moment(database: Database) -> None:
    cluster = Cluster(database, "one", lease_s=2.0)
    shares = [await cluster.share(name, 1) for name in ("fake", "other")]
    rest = asyncio.Event()

    async def hold(_part: int, _watch: Watch) -> None:
        await rest.wait()  # no deadline: until it is cancelled

    running = [asyncio.create_task(each.run(hold, Board())) for each in shares]
    try:
        await until("both have theirs", lambda: all(each.sure and not each.stands_by for each in shares))
        with statements() as asked:
            await until("two looks", lambda: len(asked) >= 2)
    finally:
        for each in running:
            each.cancel()
            await ended(each)

    assert all(sorted(each["names"]) == ["fake", "other"] for each in asked[:2])


@ONLY_POSTGRESQL
async def test_who_is_cancelled_while_it_looks_for_all_leaves_the_others_theirs(
    database: Database, clock: WallClock
) -> None:
    looks = Looks(database, clock, "one", lease_s=LEASE_S)
    first = asyncio.create_task(looks.look("fake", 1, (), ()))
    second = asyncio.create_task(looks.look("other", 2, (), ()))
    await asyncio.sleep(0)  # both have said what they want
    first.cancel()

    assert (await second).free == {0, 1}
    assert await looks.look("fake", 1, (), ()) == Shared(frozenset(), {"one": 0}, frozenset({0}))
