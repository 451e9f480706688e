"""What open pages of the console cost that update themselves: `.venv/bin/python -m benchmarks.console_live`.

The console is served in this process, browsers are sockets in another one. Tells this process's CPU time a second for
none, one and two hundred pages of one turn, of the lists and of the overview, while a turn changes twice a second.
"""

from __future__ import annotations

import asyncio
import itertools
import sys
import tempfile
import time
from datetime import UTC, datetime

from sqlalchemy import update

from bots.web.bounds import Bounds
from bots.web.server import serve
from core.domain.console import Role
from core.storage.db import Database, migrate, turns
from tests.console_seed import Size, fill
from tests.console_stage import console_on

FOR_S, SETTLES_S = 10.0, 3.0
READERS = "benchmarks.inside.console_readers"
PATHS = ("overview", "waiting", "turns/{turn}")


async def main() -> None:
    """Each number of pages, one after the other."""
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite+aiosqlite:///{folder}/console.sqlite3"
        async with Database(url) as database:
            await migrate.upgrade(database)
            last = await fill(database, datetime.now(UTC), Size(people=60, turns=20_000, days=30))
        live = {"live_connections": 250, "live_per_session": 250}
        async with (
            console_on(url, **live) as console,
            serve([], {"/console": console.app}, "127.0.0.1", 0, Bounds(connections=500)) as port,
        ):
            viewer = await console.user("vic", Role.VIEWER)
            changing = asyncio.create_task(_change(console.database, last))
            for number in (0, 1, 200):
                paths = [path.format(turn=last) for path in PATHS]
                arguments = ("-m", READERS, str(port), viewer.cookie, str(number), *paths)
                clients = await asyncio.create_subprocess_exec(sys.executable, *arguments)
                await asyncio.sleep(SETTLES_S)
                cpu, began = time.process_time(), time.perf_counter()
                await asyncio.sleep(FOR_S)
                share = (time.process_time() - cpu) / (time.perf_counter() - began)
                print(f"{number} pages: {share * 1000:.0f} ms of CPU a second")
                if clients.returncode is None:
                    clients.terminate()
                await clients.wait()
            changing.cancel()
            console.stop.set()


async def _change(database: Database, turn_id: int) -> None:
    for number in itertools.count():
        async with database.write() as connection:
            await connection.execute(update(turns).where(turns.c.id == turn_id).values(attempt=number % 99))
        await asyncio.sleep(0.5)


if __name__ == "__main__":
    asyncio.run(main())
