"""PostgreSQL: what stands between it and the bot, and whose clock is right."""

from __future__ import annotations

from datetime import datetime

from core.domain import StorageError
from core.domain.checks import Finding, failed, ok, warning
from core.settings import StorageSettings
from core.storage.db import Database
from core.storage.db.postgresql.server import Server
from core.storage.ops.inspection import same_database
from core.util.clock import utc_now

POOLER = "database.pooler"
CLOCK = "database.clock"
MOST_APART_S = 5.0
"""Times in the log and in the database then no longer fit each other at a glance."""


async def server_findings(database: Database, settings: StorageSettings) -> list[Finding]:
    """What there is to say of the way to a server that was reached; nothing of a SQLite file."""
    if database.server is None:
        return []
    return [_of_clock(database, utc_now()), *await _of_pooler(database, database.server, settings)]


def _of_clock(database: Database, ours: datetime) -> Finding:
    """How far this machine's clock is from the server's, which alone decides about rows."""
    off_s = (ours - database.now()).total_seconds()
    if abs(off_s) <= MOST_APART_S:
        return ok(CLOCK, "this machine's clock and the database's agree")
    way = "ahead of" if off_s > 0 else "behind"
    told = f"this machine's clock is {abs(off_s):.0f} s {way} the database's, which turns and leases go by"
    return warning(CLOCK, told, "have both machines keep their clocks: timedatectl set-ntp true")


async def _of_pooler(database: Database, server: Server, settings: StorageSettings) -> list[Finding]:
    found = []
    if server.is_pooled and not settings.pooler:
        cure = "set [storage] pooler = true, and direct_url to the server's own address"
        found.append(
            warning(POOLER, "[storage] url leads to a connection pooler that no setting names", cure)
        )
    if settings.direct_url:
        found.append(await _of_direct(database, settings.direct_url))
    elif server.is_pooled:
        told = f"new work is looked for every {settings.poll_interval_s:g} s: no direct_url to hear of it"
        found.append(ok(POOLER, told))
    return found


async def _of_direct(database: Database, direct_url: str) -> Finding:
    """Whether the direct address leads to the same database, and past every pooler."""
    cure = "set [storage] direct_url to the address of the PostgreSQL server itself"
    try:
        async with Database(direct_url) as direct:
            if direct.server is None or not await same_database(database, direct):
                return failed(POOLER, "[storage] direct_url leads to another database than url", cure)
            if direct.server.is_pooled:
                return warning(POOLER, "[storage] direct_url leads to a connection pooler, too", cure)
    except StorageError as error:
        return failed(POOLER, f"[storage] direct_url can't be used: {error}", cure)
    return ok(POOLER, "direct_url leads past the pooler: processes hear of new work there")
