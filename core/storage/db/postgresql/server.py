"""The connections to PostgreSQL, and what may stand between us and it: a connection pooler.

In a pooler's transaction mode each transaction may run in another session of the server, so that nothing may be left
in one: no prepared statement, no `SET`, no `LISTEN`, no lock that outlasts the transaction. Of these we use only
prepared statements, which psycopg makes by itself, and `LISTEN`.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from functools import partial
from typing import Any

from sqlalchemy import URL, Dialect, event
from sqlalchemy.exc import InvalidatePoolError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry

from core.storage.db.postgresql.clock import ServerClock

POOL_SIZE = 5
"""So many connections stay open."""
MOST_CONNECTIONS = 10
BOUND_SILENCE = "SELECT set_config('idle_in_transaction_session_timeout', %s, false)"
ASK_AFTER_S = 1.0
"""So long after its last use a connection to a server is tried before it is used: a round trip, and a commit there."""


@dataclass(frozen=True, slots=True)
class Reach:
    """How the server is reached, as the settings tell it."""

    has_pooler: bool = False
    """`[storage] pooler`: the address is a pooler's."""
    direct_url: str = ""
    """`[storage] direct_url`: past the pooler, where one can listen."""
    poll_interval_s: float = 1.0
    """How often to look for what can't be heard."""
    frozen_after_s: float | None = None
    """How long the server waits in a transaction for our next statement; then it rolls back. None: for ever.

    A process that is stopped between two statements, or whose machine is gone without a word, would keep all others
    from the rows that it had locked. Behind a pooler it is the pooler's to do: a session's setting would reach others.
    """


class Server:
    """A PostgreSQL server's pool of connections. A pooler that no setting tells of is noticed when one is opened."""

    def __init__(
        self, url: URL, reach: Reach, direct_url: URL | None, prepared_after: tuple[int | None] | None
    ) -> None:
        """`direct_url` is what `reach` tells, read.

        `prepared_after` is what the address says of prepared statements, None where it says nothing.
        """
        self.url = url
        self.poll_interval_s = reach.poll_interval_s
        self._frozen_after_s = reach.frozen_after_s
        self.is_pooled = reach.has_pooler
        """Whether a pooler stands between."""
        self._direct_url = direct_url
        self._prepares_as_told = prepared_after is not None
        if prepared_after is None and reach.has_pooler:
            prepared_after = (None,)
        self.clock = ServerClock()
        self.processes: set[int] = set()
        """The server's processes that serve our connections; unknown behind a pooler."""
        self.engine = self._create_engine(
            {} if prepared_after is None else {"prepare_threshold": prepared_after[0]}
        )

    @property
    def listening_url(self) -> URL | None:
        """Where `LISTEN` hears something; None where only a pooler is known."""
        return self._direct_url or (None if self.is_pooled else self.url)

    def _create_engine(self, more: dict[str, Any]) -> AsyncEngine:
        engine = create_async_engine(
            self.url,
            connect_args=more,
            pool_size=POOL_SIZE,
            max_overflow=MOST_CONNECTIONS - POOL_SIZE,
            hide_parameters=True,
            json_deserializer=from_json,
        )
        event.listen(engine.sync_engine, "connect", self._meet)
        event.listen(engine.sync_engine, "close", self._forget)
        event.listen(engine.sync_engine, "checkin", _note_use)
        event.listen(engine.sync_engine, "checkout", partial(self._look_at, engine.dialect))
        return engine

    def _meet(self, connection: Any, record: ConnectionPoolEntry) -> None:
        """Find out who serves a new connection: a pooler tells another process than the one that runs statements."""
        driver = connection.driver_connection
        process = self._ask(connection)
        if process == driver.info.backend_pid:
            record.info["process"] = process
            self.processes.add(process)
            self._bound_silence(connection)
            return
        self.is_pooled = True
        if not self._prepares_as_told:
            driver.prepare_threshold = None

    def _ask(self, connection: Any) -> int:
        """Ask for the time; the process that answered."""
        cursor, asked_at = connection.cursor(), self.clock.since()
        cursor.execute("SELECT pg_backend_pid(), clock_timestamp()")
        process, told = cursor.fetchone()
        self.clock.note(told, asked_at)
        cursor.close()
        connection.rollback()
        return int(process)

    def _bound_silence(self, connection: Any) -> None:
        if self._frozen_after_s is None:
            return
        cursor = connection.cursor()
        cursor.execute(BOUND_SILENCE, (f"{self._frozen_after_s * 1_000:.0f}",))
        cursor.close()
        connection.commit()

    def _look_at(
        self, dialect: Dialect, connection: Any, record: ConnectionPoolEntry, _proxy: object
    ) -> None:
        """Before a connection is used: whether it still stands, as a restart ends all of them; and what time it is."""
        try:
            if self.clock.is_stale:
                self._ask(connection)
            elif time.monotonic() - record.info.get("used_at", time.monotonic()) >= ASK_AFTER_S:
                dialect.do_ping(connection)
        except dialect.loaded_dbapi.Error as error:
            if dialect.is_disconnect(error, None, None):
                raise InvalidatePoolError from error
            raise

    def _forget(self, _connection: Any, record: ConnectionPoolEntry) -> None:
        self.processes.discard(record.info.pop("process", 0))


def _note_use(_connection: Any, record: ConnectionPoolEntry) -> None:
    record.info["used_at"] = time.monotonic()


def from_json(text: str | bytes) -> Any:
    """What a JSON column holds. Nearly every message has no attachments, and a history is many messages."""
    return [] if text in ("[]", b"[]") else json.loads(text)
