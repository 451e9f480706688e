"""How processes on one PostgreSQL hear at once of work that another one stored.

The rows are the truth; a call that nobody hears costs the time until the next sweep. Rung inside the turn's own
transaction (`IntakeTransaction.announce`), so that nothing is heard of a turn that was rolled back.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection
from typing import Any

from sqlalchemy import URL

from core.storage.db.engine import Database
from core.util.log import log

CHANNEL = "aivax_bots_turns"
PLACES_CHANNEL = "aivax_bots_places"
"""Where it is told that the settings of a place changed."""
WORDINGS_CHANNEL = "aivax_bots_wordings"
"""Where it is told that operators changed a sentence in the console."""
CHAT_CHANNEL = "aivax_bots_console_chat"
"""Where it is told whose chat in the console changed."""
RECONNECT_DELAY_S = 1.0
PULSE_S = 60.0
"""How often a connection that listens wakes though nothing came."""


async def hear(
    database: Database,
    platforms: Collection[str],
    notify: Callable[[int], None],
    begins: Callable[[], None] = lambda: None,
) -> None:
    """Call `notify` with each conversation of these platforms that gets work, until cancelled.

    A lost connection is opened again. `begins` is called each time that one listens: nothing was heard before; and
    every `Reach.poll_interval_s` where nobody can listen, because all that is known of the server is a pooler. With
    SQLite there is nobody else to hear, and this just waits.
    """

    def heard(payload: str) -> None:
        platform, _, conversation_id = payload.rpartition(":")
        if platform in platforms and conversation_id.isdecimal():
            notify(int(conversation_id))

    await hear_on(database, CHANNEL, heard, begins)


async def hear_on(
    database: Database, channel: str, heard: Callable[[str], None], begins: Callable[[], None]
) -> None:
    """Call `heard` with what other processes tell on a channel, until cancelled; else as `hear`."""
    if (server := database.server) is None:
        await asyncio.Event().wait()
        return
    import psycopg  # comes with the extra `postgres` only

    while True:
        if (url := server.listening_url) is None:
            begins()
            await asyncio.sleep(server.poll_interval_s)
            continue
        try:
            await _hear(url, server.processes, channel, heard, begins)
        except (psycopg.Error, OSError) as exc:
            log.warning("notifications.lost", cause=type(exc).__name__)
            begins()
        await asyncio.sleep(RECONNECT_DELAY_S)


async def _hear(
    url: URL,
    ours: Collection[int],
    channel: str,
    heard: Callable[[str], None],
    begins: Callable[[], None],
) -> None:
    from psycopg import AsyncConnection

    class Listener(AsyncConnection[Any]):
        """Waits for its socket. psycopg itself wakes ten times a second, for programs that a Ctrl-C would not wake."""

        async def wait(self, gen: Any, interval: float = PULSE_S, timeout: float | None = None) -> Any:
            return await super().wait(gen, interval=interval, timeout=timeout)

    async with await Listener.connect(conninfo(url), autocommit=True) as connection:
        await connection.execute(f"LISTEN {channel}")
        begins()
        async for notice in connection.notifies():
            if (
                notice.pid not in ours
            ):  # what this process stored itself it knows: to hear of it costs a claim in vain
                heard(notice.payload)


def conninfo(url: URL) -> str:
    """The address as PostgreSQL's client reads it, with its password: never shown."""
    return url.set(drivername="postgresql").render_as_string(hide_password=False)
