"""The database: opened once, read and written through two kinds of transaction."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, nullcontext
from datetime import datetime
from pathlib import Path
from typing import Any, Self

from sqlalchemy import URL, event, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry

from core.domain import DatabaseCrowded, DatabaseFailed, DatabaseGone, DatabaseUnreachable, SettingRefused
from core.domain.metrics import DATABASE_ERRORS, DATABASE_TIME, NO_METER, Meter
from core.storage.db import datafile, sqlite_driver
from core.storage.db.cancel_safe import SteadyConnection, Transaction
from core.storage.db.error_mapping import cause_of, reason_of
from core.storage.db.group_commit import Writers
from core.storage.db.postgresql.options import PREPARING, check_options, prepared_after
from core.storage.db.postgresql.server import MOST_CONNECTIONS, POOL_SIZE, Reach, Server, from_json
from core.storage.db.sqlite_driver import BEGIN_WRITING, LOCK_TIMEOUT_S, InlineTransaction, Reading, Writing
from core.util.clock import utc_now

URL_SETTING, DIRECT_SETTING = "[storage] url", "[storage] direct_url"
DIRECTLY = Reach()
WAIT_S = 60.0
"""Who stands in line for so long has no connection: those that have one are stuck."""


def parse_url(value: str, setting: str = URL_SETTING) -> URL:
    """Read an address; a bare `sqlite://` or `postgresql://` gets the driver that this project uses.

    Raises `SettingRefused` for one that is none, and for an option that PostgreSQL's client does not know. What
    `prepared_after` tells is left out: only psycopg understands it, not `pg_dump`.
    """
    fix = "write sqlite+aiosqlite:///path/to/file.sqlite3 or postgresql+psycopg://user@host/database"
    try:
        url = make_url(value)
        backend = url.get_backend_name()
    except (ArgumentError, ValueError):
        raise SettingRefused(setting, fix=fix) from None
    if backend not in ("sqlite", "postgresql"):
        raise SettingRefused(setting, value=url.drivername, fix=fix)
    if backend == "sqlite":
        if url.database in (None, "", ":memory:"):
            raise SettingRefused(setting, value=url.drivername, fix="name a file: conversations must last")
        return url.set(drivername="sqlite+aiosqlite")
    check_options(url, setting)
    return url.set(drivername="postgresql+psycopg").difference_update_query([PREPARING])


def database_path(value: str) -> Path | None:
    """The file that `[storage] url` names; None where it names a server, or nothing that can be used."""
    try:
        url = parse_url(value)
    except SettingRefused:
        return None
    return Path(url.database or "") if url.get_backend_name() == "sqlite" else None


class Line:
    """Who has a connection next: whoever asked first. SQLAlchemy's pool gives a free one to who comes just then.

    As many have a place as there are connections, so that nobody waits for the pool.
    """

    def __init__(self, shown_url: str, places: int) -> None:
        self._shown_url = shown_url
        self._places = asyncio.Semaphore(places)

    @asynccontextmanager
    async def place(self) -> AsyncIterator[None]:
        """Stand in line, and have a place. Raises `DatabaseCrowded` where none became free in time."""
        try:
            async with asyncio.timeout(WAIT_S if self._places.locked() else None):
                await self._places.acquire()
        except TimeoutError as exc:
            raise DatabaseCrowded(self._shown_url, "no connection became free in time") from exc
        try:
            yield
        finally:
            self._places.release()


class Database:
    """An open database. `read()` and `write()` give a connection inside a transaction that commits on leaving."""

    def __init__(self, url: str, meter: Meter = NO_METER, reach: Reach = DIRECTLY) -> None:
        """Raises `SettingRefused` for an address that is none, `DatabaseUnreachable` without its driver."""
        self.url = parse_url(url)
        self.meter = meter
        """What is stored is counted here, by the stores as well."""
        self._resources = AsyncExitStack()
        self._file: datafile.OpenFile | None = None
        self.server: Server | None = None
        """What is known of PostgreSQL; None with a SQLite file."""
        self._pace = sqlite_driver.Pace()
        try:
            if not self.is_sqlite:
                direct_url = parse_url(reach.direct_url, DIRECT_SETTING) if reach.direct_url else None
                self.server = Server(self.url, reach, direct_url, prepared_after(url))
            self._engine = self._create_engine()
        except (ImportError, NoSuchModuleError) as exc:
            raise DatabaseUnreachable(self.shown_url, f"its driver is not installed ({exc.name})") from exc  # type: ignore[union-attr]  # both carry a name

    @property
    def is_sqlite(self) -> bool:
        return self.url.get_backend_name() == "sqlite"

    @property
    def path(self) -> Path | None:
        """The file of a SQLite database."""
        return Path(self.url.database or "") if self.is_sqlite else None

    @property
    def problem(self) -> DatabaseGone | None:
        """What keeps it from being used until a restart, where anything does."""
        return self._file.problem if self._file is not None else None

    def now(self) -> datetime:
        """The time by which rows are dated and compared: the server's, alike on every machine; with a file, our own."""
        return utc_now() if self.server is None else self.server.clock.now()

    async def learn_time(self) -> None:
        """Connect, if nobody has yet: from then on `now` is the server's."""
        if self.server is not None:
            async with self.read():
                pass

    @property
    def shown_url(self) -> str:
        return self.url.render_as_string(hide_password=True)

    def use_jobs(self) -> None:
        """Have work told of by jobs from now on: see `core.storage.dispatch.jobs.announce`."""
        self._engine.sync_engine.update_execution_options(jobs=True)

    async def __aenter__(self) -> Self:
        self._resources.push_async_callback(self._dispose)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._resources.aclose()

    @asynccontextmanager
    async def read(self, *, many_rows: bool = False) -> AsyncIterator[AsyncConnection]:
        """A consistent view; never waits for a writer on SQLite.

        `many_rows`: its statements may take long, and the loop does not wait for them.

        Like `write` raises the `DatabaseFailed` that tells why the database can't do it: away, locked, full ...; and
        `DatabaseGone` where its file is no longer the one at its path.
        """
        async with self._measured("read"), self._line.place(), self._reading(many_rows) as connection:
            yield connection

    @asynccontextmanager
    async def write(
        self, *, many_rows: bool = False, synced: bool = True, urgent: bool = False
    ) -> AsyncIterator[AsyncConnection]:
        """A transaction that will write. On SQLite they run one after another, in the order of asking.

        What is `urgent` stands in no line for a connection: others take it for dead who renews no lease in time.

        Who is not `synced` does not wait for the disk: what they wrote outlasts the process, but not a power cut. Looks
        at the file once more after the commit: what went into one that nobody finds again was not stored.
        """
        if not self.is_sqlite:
            place = nullcontext() if urgent else self._line.place()
            async with self._measured("write"), place, SteadyConnection(self._engine) as connection:
                yield connection
            return
        writing = self._writers.writing(many_rows=many_rows, synced=synced)
        async with self._measured("write"), writing as connection:
            yield connection
        self._refuse_gone()

    @asynccontextmanager
    async def each_by_itself(self, *, urgent: bool = False) -> AsyncIterator[AsyncConnection]:
        """PostgreSQL: each statement is a transaction of its own, in one round trip.

        A process that stops between two of them holds no lock. `urgent` is what it is in `write`, and it raises alike.
        """
        whole = SteadyConnection(self._autocommitting)
        place = nullcontext() if urgent else self._line.place()
        async with self._measured("write"), place, whole as connection:
            yield connection

    async def empty_log(self) -> bool:
        """Bring SQLite's `-wal` into the file and empty it, so that nothing deleted is left there; whether it is empty.

        Tries once and waits for nobody: while somebody reads what stands in it, it can't be emptied, and a wait for
        them would keep every writer waiting.
        """
        if not self.is_sqlite:
            return True
        return await self._outside("PRAGMA wal_checkpoint(TRUNCATE)") == 0

    async def rewrite(self) -> bool:
        """Write a SQLite file anew, without the bytes that nothing refers to; whether it was done.

        Writers of this process wait for it, readers don't; where another process writes it is not done.
        """
        return await self._outside("PRAGMA temp_store=MEMORY", "VACUUM") is not None

    async def _outside(self, *statements: str) -> int | None:
        """Run statements outside of any transaction while nobody here writes; None where another process does.

        What the last one says first comes back, else 0.
        """
        bare = InlineTransaction(self._bare, self._pace, many_rows=False)
        async with self._failures(), self._writers.alone(), bare as connection:
            await connection.exec_driver_sql("PRAGMA busy_timeout=0")
            try:
                for statement in statements:
                    found = await connection.exec_driver_sql(statement)
                return int(found.one()[0]) if found.returns_rows else 0
            except OperationalError as error:
                if "locked" not in reason_of(error):
                    raise
                return None
            finally:
                await connection.exec_driver_sql(f"PRAGMA busy_timeout={LOCK_TIMEOUT_S * 1_000:.0f}")

    @asynccontextmanager
    async def _measured(self, operation: str) -> AsyncIterator[None]:
        """`_failures`, with the time that the transaction takes and what it fails at."""
        began = time.monotonic()
        try:
            async with self._failures():
                yield
        except DatabaseFailed as error:
            self.meter.count(DATABASE_ERRORS, error=type(error).__name__)
            raise
        finally:
            self.meter.observe(DATABASE_TIME, time.monotonic() - began, operation=operation)

    @asynccontextmanager
    async def _failures(self) -> AsyncIterator[None]:
        """Raise what the database can't do as a `DatabaseFailed` that tells why."""
        self._refuse_gone()
        try:
            yield
        except PoolTimeoutError as exc:
            raise DatabaseCrowded(self.shown_url, "no connection became free in time") from exc
        except DBAPIError as exc:
            cause = cause_of(exc, self.shown_url)
            if cause is None:
                raise
            raise cause from exc

    async def _dispose(self) -> None:
        event.listen(self._engine.sync_engine, "checkin", _close_late)
        await self._engine.dispose()

    def _reading(self, many_rows: bool) -> Transaction:
        if self.is_sqlite:
            return Reading(self._engine, self._pace, many_rows=many_rows)
        return SteadyConnection(self._engine)

    def _writing(self, many_rows: bool, synced: bool) -> Writing:
        return Writing(self._writer, self._pace, many_rows=many_rows, synced=synced)

    def _create_engine(self) -> AsyncEngine:
        if self.server is not None:
            self._autocommitting = self.server.engine.execution_options(isolation_level="AUTOCOMMIT")
            self._line = Line(self.shown_url, MOST_CONNECTIONS - 1)  # and one for what is urgent
            return self.server.engine
        assert self.path is not None  # noqa: S101  is_sqlite says so; for the type checker
        datafile.make(self.path)
        self._file = datafile.OpenFile(self.path)
        engine = create_async_engine(
            self.url,
            async_creator=self._connect,
            pool_size=POOL_SIZE + 1,  # one that writes
            max_overflow=0,
            hide_parameters=True,
            json_deserializer=from_json,
        )
        event.listen(engine.sync_engine, "connect", _prepare_sqlite)
        event.listen(engine.sync_engine, "begin", _begin_sqlite)
        self._line = Line(self.shown_url, POOL_SIZE)
        self._writers = Writers(self._writing)
        self._writer = engine.execution_options(sqlite_begin=BEGIN_WRITING)
        self._bare = engine.execution_options(sqlite_begin="")
        return engine

    async def _connect(self) -> sqlite_driver.Connection:
        self._refuse_gone()  # SQLite would make an empty file
        return sqlite_driver.Connection(str(self.path), self._pace)

    def _refuse_gone(self) -> None:
        if self._file is not None:
            self._file.check()


def _close_late(_connection: object, record: ConnectionPoolEntry) -> None:
    """Close what comes back once all others are closed: its pool is nobody's any more."""
    record.invalidate()


def _prepare_sqlite(dbapi_connection: Any, _record: object) -> None:
    """Make commits survive a power cut, and a writer wait for another process.

    Whatever is deleted is overwritten in the file: not every build of SQLite does so by itself.
    """
    cursor = dbapi_connection.cursor()
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        "secure_delete=ON",
        f"busy_timeout={LOCK_TIMEOUT_S * 1_000:.0f}",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Any) -> None:
    begin = connection.get_execution_options().get("sqlite_begin")
    if begin is None:
        connection.connection.driver_connection.execute("BEGIN")
    elif begin:
        connection.exec_driver_sql(begin)
