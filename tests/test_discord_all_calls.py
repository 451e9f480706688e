"""Discord's limit on all calls of a bot together, kept by several processes on one PostgreSQL."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, aclosing
from dataclasses import replace

import pytest

from bots.discord.frontend import open_discord
from bots.discord.transport.pacing import BACKFILL
from core.delivery.shared_budget import SharedBudget
from core.operations.cluster import Cluster
from core.operations.sharing import Share
from core.storage.db import Database, migrate
from core.util.tasks import TaskSet
from tests.discord_listening import FAST, settings
from tests.platforms.discord import Channel, FakeDiscord
from tests.platforms.discord.limits import OFF, Window
from tests.waiting import soon, until

LEASE_S = 1.0
PROCESSES, EACH = 2, 45
"""Calls of all of them at once: more than Discord takes in a second."""


@pytest.fixture
async def fake() -> AsyncIterator[FakeDiscord]:
    """A Discord that takes 50 calls a second of a bot, and refuses more."""
    async with FakeDiscord(limits=replace(OFF, everything=Window(50, 1.0))) as server:
        yield server


async def called(fake: FakeDiscord, url: str, *, shared: bool) -> int:
    """Have each process read a message of many channels at once; how many calls were refused."""
    places = [await spoken(fake, f"room{number}") for number in range(EACH)]
    async with AsyncExitStack() as stack:
        databases = [await stack.enter_async_context(Database(url)) for _ in range(PROCESSES)]
        tasks = await stack.enter_async_context(aclosing(TaskSet()))
        clusters, sessions = [], []
        for number, database in enumerate(databases):
            cluster = Cluster(database, f"process{number}", lease_s=LEASE_S) if shared else None
            if cluster is not None:
                tasks.start(cluster.run())
                clusters.append(cluster)
            opened = open_discord(settings(fake), FAST, cluster=cluster)
            session = (await stack.enter_async_context(opened))._session
            await session.client()
            sessions.append(session)
        await until("all to know of each other", lambda: all(each._callers.members > 1 for each in clusters))
        calls = (each.fetch_message(*place) for each in sessions for place in places)
        await soon("all calls", asyncio.gather(*calls))
    return sum(call.status == 429 for call in fake.calls)


async def spoken(fake: FakeDiscord, name: str) -> tuple[int, int]:
    room: Channel = fake.channel(fake.guild("Gophers"), name)
    said = await fake.say(fake.person(f"of {name}"), room, "hello")
    return room.id, said.id


async def test_processes_that_share_the_limit_of_all_calls_are_refused_none(
    fake: FakeDiscord, postgres_url: str
) -> None:
    async with Database(postgres_url) as database:
        await migrate.upgrade(database)

    assert await called(fake, postgres_url, shared=True) == 0


async def test_processes_that_do_not_share_it_are_refused_some(fake: FakeDiscord, postgres_url: str) -> None:
    """So the test above can fail."""
    assert await called(fake, postgres_url, shared=False) > 0


async def test_two_that_listen_share_their_calls_and_one_books_nothing(postgres_url: str) -> None:
    async with AsyncExitStack() as stack:
        database = await stack.enter_async_context(Database(postgres_url))
        await migrate.upgrade(database)
        windows = await stack.enter_async_context(aclosing(_Running()))
        first, budget = await windows.begin(database, "one")
        assert await budget.enter(BACKFILL) == 0.0
        assert await booked(database) == 0

        await windows.begin(database, "two")
        await until("the other to be seen", lambda: first.members == 2)
        assert await budget.enter(BACKFILL) == 0.0
        assert await booked(database) == len(BACKFILL)


class _Running:
    """Processes that share a platform's one connection."""

    def __init__(self) -> None:
        self._tasks: list[asyncio.Task[None]] = []

    async def begin(self, database: Database, owner: str) -> tuple[Share, SharedBudget]:
        cluster = Cluster(database, owner, lease_s=LEASE_S)
        share = await cluster.share("discord", 1)
        self._tasks.append(asyncio.create_task(share.run(_serve, _Watch())))
        return share, cluster.budget("discord")

    async def aclose(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


class _Watch:
    def up(self) -> None: ...

    def down(self, cause: object) -> None: ...


async def _serve(_part: int, watch: _Watch) -> None:
    watch.up()
    await asyncio.Event().wait()  # no deadline: until it is cancelled


async def booked(database: Database) -> int:
    async with database.read() as connection:
        return len((await connection.exec_driver_sql("SELECT key FROM cluster_windows")).all())
