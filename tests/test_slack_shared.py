"""Slack's sockets, of which a few processes on one PostgreSQL hold one each: with the unmodified SDK."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest

from bots.slack.frontend import open_slack
from core.operations.cluster import Cluster
from core.storage.db import Database
from tests.listening import Lamp
from tests.platforms.slack import FakeSlack
from tests.slack_ears import Watched, settings_at
from tests.waiting import ended, soon, until

pytestmark = pytest.mark.parametrize("migrated_url", ["postgresql"], indirect=True)
LEASE_S = 4.0


@pytest.fixture
async def stack() -> AsyncIterator[AsyncExitStack]:
    async with AsyncExitStack() as opened:
        yield opened


async def listening(
    slack: FakeSlack, database: Database, name: str, inbox: Watched, stack: AsyncExitStack
) -> asyncio.Task[None]:
    cluster, lamp = Cluster(database, name, lease_s=LEASE_S), Lamp()
    frontend = await stack.enter_async_context(open_slack(settings_at(slack, connections=2), cluster=cluster))
    task = asyncio.create_task(frontend.listen(inbox, lamp))

    async def stop() -> None:
        task.cancel()
        await ended(task)

    stack.push_async_callback(stop)
    await soon("a listener", lamp.lit.wait())
    return task


async def test_two_processes_hold_a_socket_each_a_third_stands_by_and_replaces_one(
    slack: FakeSlack, database: Database, stack: AsyncExitStack
) -> None:
    inbox = Watched(slack)
    tasks = [await listening(slack, database, name, inbox, stack) for name in ("one", "two", "three")]
    await slack.until(lambda: slack.sockets == 2)
    tasks[0].cancel()
    await ended(tasks[0])
    await until("the third one's", lambda: slack.sockets == 2)

    ana = slack.person("ana")
    for number in range(6):
        await slack.say(ana, slack.dm(ana), f"question {number}")
    await slack.until(lambda: len(inbox.events) >= 6 and not slack.unacked)
    assert sorted(getattr(each, "text", "") for each in inbox.events) == [f"question {n}" for n in range(6)]
