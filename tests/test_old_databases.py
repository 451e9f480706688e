"""A database that the code of commit 7245764 left in the midst of its work is upgraded, and its turns are answered.

The dumps in tests/payloads/old_databases were made by that code: see make.py there.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections import Counter
from contextlib import closing
from datetime import timedelta
from functools import partial
from pathlib import Path

import psycopg
import pytest

from core.domain import Author, Identity, Place
from core.storage.db import Database, migrate
from core.storage.ops import pg_dump
from core.storage.ops.backup import back_up
from sandbox.server import Sandbox, serve
from tests.samples import WallClock, said
from tests.stage import Stage, staged
from tests.waiting import soon, until

DUMPS = Path(__file__).parent / "payloads" / "old_databases"
ANA = Author(Identity("fake", "W1", "ana"), "Ana")
DIRECT = Place("fake", "W1", "D-ana", private=True)


@pytest.fixture
def old_url(storage_url: str) -> str:
    """A database of each kind as that code left it."""
    if storage_url.startswith("sqlite"):
        with sqlite3.connect(storage_url.removeprefix("sqlite+aiosqlite:///")) as database:
            database.executescript((DUMPS / "sqlite.sql").read_text(encoding="utf-8"))
        database.close()
    else:
        address = storage_url.replace("postgresql+psycopg://", "postgresql://", 1)
        with psycopg.connect(address, autocommit=True) as connection:
            connection.execute((DUMPS / "postgresql.sql").read_text(encoding="utf-8").encode())
    return storage_url


@pytest.fixture
def old_postgres(postgres_url: str) -> str:
    """The same, where several processes can share it."""
    address = postgres_url.replace("postgresql+psycopg://", "postgresql://", 1)
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute((DUMPS / "postgresql.sql").read_text(encoding="utf-8").encode())
    return postgres_url


@pytest.fixture
def an_hour_later() -> WallClock:
    clock = WallClock()
    clock.time += timedelta(hours=1)
    return clock


async def upgraded(url: str) -> str:
    async with Database(url) as database:
        assert await migrate.current(database) == "0002"
        return await migrate.upgrade(database)


def questions(stage: Stage) -> list[str]:
    """What AIVAX was asked, by the last line of each call."""
    return [call["messages"][-1]["content"] for call in stage.asked]


async def test_every_turn_that_waited_is_answered_after_the_upgrade(
    old_url: str, an_hour_later: WallClock
) -> None:
    assert await upgraded(old_url) == migrate.head()

    async with staged(old_url, now=an_hour_later) as stage:
        await stage.core.pool.sweep()
        await stage.rest()
        await stage.heal()

        assert await stage.states() == ["answered"] * 6
        assert sorted(questions(stage)) == [
            "And a semaphore?",
            "What is a deadlock?",
            "What is a deadlock?",
            "What is a mutex?",
        ]


async def test_two_processes_that_start_at_once_upgrade_it_and_answer_each_turn_once(
    old_postgres: str, an_hour_later: WallClock
) -> None:
    ended = asyncio.Event()

    async def live(sandbox: Sandbox) -> Stage:
        async with staged(old_postgres, sandbox=sandbox, now=an_hour_later) as stage:
            await until("all answers", partial(are_answered, stage))
            ended.set()
            await soon("the other one", ended.wait())
            return stage

    async with serve(plan="max") as sandbox:
        one, other = await asyncio.gather(live(sandbox), live(sandbox))

    shown = [*one.platform.places.values(), *other.platform.places.values()]
    said_once = Counter(text for place in shown for text in place.visible if "semaphore" in text)
    assert list(said_once.values()) == [1]
    assert sorted(set(questions(one))) == ["And a semaphore?", "What is a deadlock?", "What is a mutex?"]
    assert len(questions(one)) == 4


async def are_answered(stage: Stage) -> bool:
    await stage.core.admitting.prober.look()
    await stage.core.pool.sweep()
    return await stage.states() == ["answered"] * 6


async def test_a_whole_answer_of_old_is_delivered_and_not_asked_for_again(
    old_url: str, an_hour_later: WallClock
) -> None:
    await upgraded(old_url)

    async with staged(old_url, now=an_hour_later) as stage:
        await stage.core.pool.sweep()
        await stage.rest()

        assert "What is a channel?" not in questions(stage)
        assert "sandbox" in stage.platform.visible("D-ben")[-1]


async def test_an_old_conversation_goes_on_with_what_was_said_in_it(
    old_url: str, an_hour_later: WallClock
) -> None:
    await upgraded(old_url)

    async with staged(old_url, now=an_hour_later) as stage:
        await stage.hear(said("And how many can there be?", by=ANA, at=DIRECT))

        asked = next(call for call in stage.asked if "how many" in call["messages"][-1]["content"])
        assert [part["role"] for part in asked["messages"]][-3:] == ["user", "assistant", "user"]
        assert "What is a goroutine?" in asked["messages"][-3]["content"]


async def test_a_backup_before_the_upgrade_keeps_the_schema_that_the_version_of_before_knows(
    old_url: str, tmp_path: Path, postgres_programs: None
) -> None:
    backup = tmp_path / "before-update.backup"

    await back_up(old_url, backup)
    await upgraded(old_url)

    if old_url.startswith("sqlite"):
        with closing(sqlite3.connect(backup)) as kept:
            assert kept.execute("SELECT version_num FROM alembic_version").fetchall() == [("0002",)]
    else:
        assert await pg_dump.revision_in(backup) == "0002"
