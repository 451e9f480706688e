"""SQLite without a hop to another thread for each step, under SQLAlchemy's own asyncio adapter (`async_creator`).

A statement of a turn takes some hundredths of a millisecond; to hand it to a thread and back takes ten times that, and
aiosqlite does so for each cursor, statement, fetch and close. So statements run where they are asked for. What can
wait goes to a thread: the lock of a writer, the commit of a writer, which waits for the disk, and each statement whose
last run was slow.
"""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, Self, TypeVar

from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.pool import QueuePool

from core.storage.db.cancel_safe import Transaction, settled

T = TypeVar("T")

SLOW_S = 0.005
"""A statement whose last run took longer runs in a thread the next time."""
TURN_S = 0.005
"""After so much time in statements the loop's other callbacks have their turn."""
FEW = 50
"""Rows of one statement that are written where it is asked for."""
BEGIN_WRITING = "BEGIN IMMEDIATE"
"""Takes the lock of writers at once: a read that turns into a write could otherwise fail in the middle."""
LOG_PAGES = 1000
"""Of so many pages a commit that waits for the disk brings SQLite's `-wal` into the file."""
LOCK_TIMEOUT_S = 30.0
LOCK_SLICE_S = 0.2
"""A writer that is cancelled while another process has the lock goes on to wait for so long."""
_WAITING = ("VACUUM", "PRAGMA wal_checkpoint", "ANALYZE")
"""Statements that wait for the disk, or go through whole tables."""


class Pace:
    """What the connections of one file know of their statements, and how long the loop has served them alone."""

    def __init__(self) -> None:
        self._slow: set[str] = set()
        self._spent_s = 0.0

    def is_slow(self, sql: str) -> bool:
        """Whether a statement is one for a thread."""
        return sql in self._slow or sql.startswith(_WAITING)

    def took(self, sql: str, seconds: float, *, in_loop: bool) -> None:
        """Remember how long a statement took."""
        if seconds > SLOW_S:
            self._slow.add(sql)
        else:
            self._slow.discard(sql)
        if in_loop:
            self.spent(seconds)

    def spent(self, seconds: float) -> None:
        """Count time that the loop served nobody else."""
        self._spent_s += seconds

    async def give_way(self) -> None:
        """Let the loop's other callbacks run, where statements have had it for long enough."""
        if self._spent_s > TURN_S:
            self._spent_s = 0.0
            await asyncio.sleep(0)


class Connection:
    """A connection of `sqlite3` in the shape of an asyncio driver's.

    What was given to the thread is waited for to its end: SQLAlchemy, which is in the middle of a step, takes a
    cancellation for a broken connection. It is raised by what the task awaits next: `go_on`, after the step.
    """

    def __init__(self, path: str, pace: Pace) -> None:
        """Raises the errors of `sqlite3.connect`."""
        self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._thread: ThreadPoolExecutor | None = None
        self._writes = False
        self._synced = True
        self._cancelled = False
        self._pace = pace
        self.in_thread = False
        """Whether every statement runs in the thread."""

    def cursor(self) -> Cursor:
        return Cursor(self, self._connection.cursor())

    async def run(self, sql: str, work: Callable[[], T], *, times: int = 1) -> T:
        """Run a statement so many times: here, or in the thread where it may take long."""
        if sql == BEGIN_WRITING:
            return await self._lock(sql, work)
        if self.in_thread or times > FEW or self._pace.is_slow(sql):
            return await self._in_thread(sql, work)
        return self._timed(sql, work, in_loop=True)

    @property
    def in_transaction(self) -> bool:
        """Whether a transaction is open: some errors end it."""
        return self._connection.in_transaction

    def execute(self, sql: str) -> None:
        """Run what takes no time: savepoints, pragmas."""
        self._connection.execute(sql)

    def sync(self, *, synced: bool) -> None:
        """Have the next commits wait for the disk, or only reach the operating system.

        What a commit that did not wait wrote is on the disk with the next one that does, and never without what came
        before it. Only those that wait bring the log into the file: that waits for the disk, too.
        """
        if synced != self._synced:
            self._synced = synced
            self.execute(f"PRAGMA synchronous={'FULL' if synced else 'NORMAL'}")
            self.execute(f"PRAGMA wal_autocheckpoint={LOG_PAGES if synced else 0}")

    @property
    def awaits_disk(self) -> bool:
        """Whether a commit now would wait for the disk: a writer's, unless it is not to."""
        return self._writes and self._synced

    async def commit(self) -> None:
        awaits_disk, self._writes = self.awaits_disk, False
        if awaits_disk:
            await self._in_thread("COMMIT", self._connection.commit)
        else:
            self._connection.commit()

    async def rollback(self) -> None:
        self._writes = False
        self._connection.rollback()

    async def close(self) -> None:
        """Close. The last one of a file brings its `-wal` into it, which waits for the disk."""
        await self._in_thread("CLOSE", self._connection.close)
        self.stop()

    def stop(self) -> None:
        """Close at once, from wherever."""
        self._connection.close()
        if self._thread is not None:
            self._thread.shutdown(wait=False)

    async def create_function(self, *args: Any, **kwargs: Any) -> None:
        self._connection.create_function(*args, **kwargs)

    async def go_on(self) -> None:
        """Raise the cancellation that was held back, if one was."""
        if self._cancelled:
            self._cancelled = False
            await asyncio.sleep(0)

    async def _lock(self, sql: str, work: Callable[[], T]) -> T:
        """Take the lock of writers. In this process it is free: only where another one has it the thread waits."""
        self._writes = True
        until, waits = time.monotonic() + LOCK_TIMEOUT_S, False
        while True:
            try:
                self._wait_for_locks(LOCK_SLICE_S if waits else 0)
                return await self._in_thread(sql, work) if waits else self._timed(sql, work, in_loop=True)
            except sqlite3.OperationalError as error:
                is_busy = error.sqlite_errorcode == sqlite3.SQLITE_BUSY
                if not is_busy or self._cancelled or time.monotonic() > until:
                    raise
                waits = True
            finally:
                self._wait_for_locks(LOCK_TIMEOUT_S)

    def _wait_for_locks(self, seconds: float) -> None:
        self._connection.execute(f"PRAGMA busy_timeout={seconds * 1_000:.0f}")

    async def _in_thread(self, sql: str, work: Callable[[], T]) -> T:
        self._thread = self._thread or ThreadPoolExecutor(1, "sqlite")
        timed = partial(self._timed, sql, work, in_loop=False)
        running = asyncio.get_running_loop().run_in_executor(self._thread, timed)
        while not running.done():
            try:
                await asyncio.wait({running})
            except asyncio.CancelledError:
                self._cancelled = True
        if self._cancelled:
            _cancel_again()
        return running.result()

    def _timed(self, sql: str, work: Callable[[], T], *, in_loop: bool) -> T:
        began = time.perf_counter()
        try:
            return work()
        finally:
            self._pace.took(sql, time.perf_counter() - began, in_loop=in_loop)


def _cancel_again() -> None:
    """Raise a cancellation that was held back at the next await, as if it came now: no more than it was."""
    if (task := asyncio.current_task()) is not None:
        task.uncancel()
        task.cancel()


class InlineTransaction(Transaction):
    """A `Transaction` over a `Connection`, which lets the loop go on between its statements."""

    def __init__(self, engine: AsyncEngine, pace: Pace, *, many_rows: bool) -> None:
        super().__init__(engine)
        self._pace = pace
        self._many_rows = many_rows
        self._driver: Connection | None = None

    @property
    def driver(self) -> Connection:
        """The connection below, once it is there."""
        assert self._driver is not None  # noqa: S101  for the type checker
        return self._driver

    async def execute(self, *args: Any, **kwargs: Any) -> Any:
        await self._pace.give_way()
        return await self._whole(super().execute(*args, **kwargs))

    async def exec_driver_sql(self, *args: Any, **kwargs: Any) -> Any:
        return await self._whole(super().exec_driver_sql(*args, **kwargs))

    async def run_sync(self, *args: Any, **kwargs: Any) -> Any:
        """Run work of many steps, in the thread."""
        self.driver.in_thread = True
        try:
            return await self._whole(super().run_sync(*args, **kwargs))
        finally:
            self.driver.in_thread = self._many_rows

    async def commit(self) -> None:
        await self._whole(super().commit())

    async def _begin(self) -> None:
        await self._open()
        await self._whole(self.begin().start())

    async def _open(self) -> None:
        await self._pace.give_way()
        pool = self.engine.pool
        is_there = isinstance(pool, QueuePool) and pool.checkedin() > 0
        await (self.start() if is_there else settled(self.start()))
        assert self.sync_connection is not None  # noqa: S101  it has just started; for the type checker
        driver = self.sync_connection.connection.driver_connection
        assert isinstance(driver, Connection)  # noqa: S101  the engine makes no other
        driver.in_thread = self._many_rows
        self._driver = driver

    async def _whole(self, step: Awaitable[T]) -> T:
        try:
            return await step
        finally:
            await self.driver.go_on()


class Reading(InlineTransaction):
    """An `InlineTransaction` that writes nothing: begun by its first statement, with nothing to commit."""

    async def __aexit__(self, kind: object, error: object, trace: object) -> None:
        await self.leave()
        self._pace.spent(time.perf_counter() - self._began)  # nothing in it need have waited

    async def _begin(self) -> None:
        await self._open()
        self._began = time.perf_counter()


class Writing(InlineTransaction):
    """An `InlineTransaction` whose commit waits for the disk only where it is to be `synced`."""

    def __init__(self, engine: AsyncEngine, pace: Pace, *, many_rows: bool, synced: bool) -> None:
        super().__init__(engine, pace, many_rows=many_rows)
        self._synced = synced

    async def leave(self) -> None:
        if self._driver is not None:
            if self._driver.in_transaction:  # also after a commit that failed
                await self._driver.rollback()
            self._driver.sync(synced=True)
        await super().leave()

    async def _open(self) -> None:
        await super()._open()
        self.driver.sync(synced=self._synced)


class Cursor:
    """A cursor of `sqlite3` in the shape of an asyncio driver's. All rows are fetched with the statement."""

    arraysize = 1

    def __init__(self, connection: Connection, cursor: sqlite3.Cursor) -> None:
        self._connection = connection
        self._cursor = cursor
        self._rows: list[Any] = []

    async def __aenter__(self) -> Self:
        return self

    @property
    def description(self) -> Any:
        return self._cursor.description

    @property
    def rowcount(self) -> int:
        return self._cursor.rowcount

    @property
    def lastrowid(self) -> int | None:
        return self._cursor.lastrowid

    async def execute(self, sql: str, parameters: Sequence[Any] = ()) -> None:
        await self._connection.run(sql, partial(self._execute, sql, parameters))

    async def executemany(self, sql: str, parameters: Sequence[Sequence[Any]]) -> None:
        work = partial(self._cursor.executemany, sql, parameters)
        await self._connection.run(sql, work, times=len(parameters))

    async def fetchall(self) -> list[Any]:
        rows, self._rows = self._rows, []
        return rows

    async def close(self) -> None:
        self._cursor.close()

    def _execute(self, sql: str, parameters: Sequence[Any]) -> None:
        self._cursor.execute(sql, parameters)
        self._rows = self._cursor.fetchall() if self._cursor.description else []


async def _awaited(future: asyncio.Future[T]) -> T:
    return await future
