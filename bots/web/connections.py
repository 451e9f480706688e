"""The open connections: no more than there is room for, and none that keeps its place without asking for anything.

uvicorn knows neither bound: its `limit_concurrency` answers 503 to whole requests, and leaves open who sends none.
"""

from __future__ import annotations

import asyncio

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from bots.web.bounds import Away, TurnedAway

CONNECTION = "connection"
"""Where in a request's state its connection stands."""


class Room:
    """Places for connections. Who waits longest without a whole request makes room for who comes."""

    def __init__(self, places: int, request_timeout_s: float, away: TurnedAway) -> None:
        self.request_timeout_s = request_timeout_s
        self.away = away
        self._places = places
        self._open: set[Connection] = set()
        self._waiting: dict[Connection, None] = {}
        """Those without a whole request, the longest first."""

    def enter(self, connection: Connection) -> None:
        """Take a connection in. Where all others are being answered, it is the one that goes."""
        self._open.add(connection)
        self.wait(connection)
        if len(self._open) > self._places:
            self.make_room()

    def wait(self, connection: Connection) -> None:
        self.busy(connection)
        self._waiting[connection] = None

    def busy(self, connection: Connection) -> None:
        self._waiting.pop(connection, None)

    def __contains__(self, connection: Connection) -> bool:
        return connection in self._open

    def leave(self, connection: Connection) -> None:
        self._open.discard(connection)
        self.busy(connection)

    def make_room(self) -> None:
        """Close the connection that waits longest."""
        oldest = next(iter(self._waiting), None)
        if oldest is not None:
            oldest.close(Away.CROWDED)

    def clear(self) -> None:
        """Close all that bring no whole request; who is being answered stays."""
        for connection in list(self._waiting):
            connection.close(None)


class Connection(H11Protocol):
    """One connection: uvicorn's HTTP, while a clock runs."""

    def __init__(self, room: Room, server: uvicorn.Server) -> None:
        super().__init__(server.config, server.server_state, app_state={CONNECTION: self})
        self._room = room
        self._deadline: asyncio.TimerHandle | None = None

    def asked(self) -> None:
        """A whole request is there: the clock stops until it is answered."""
        self._stop_clock()
        self._room.busy(self)

    def answered(self) -> None:
        """The next request may come, and the clock runs again."""
        if self in self._room:
            self._start_clock()
            self._room.wait(self)

    def close(self, why: Away | None) -> None:
        """Give the place and the file descriptor back now, whatever is still to be sent."""
        self._stop_clock()
        self._room.leave(self)
        if why is not None:
            self._room.away.add(why)
        self.transport.abort()

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        super().connection_made(transport)
        self._start_clock()
        self._room.enter(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_clock()
        self._room.leave(self)
        super().connection_lost(exc)

    def _start_clock(self) -> None:
        self._stop_clock()
        loop = asyncio.get_running_loop()
        self._deadline = loop.call_later(self._room.request_timeout_s, self.close, Away.SLOW)

    def _stop_clock(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
