"""Each of Slack's events comes three times, out of order, marked as a retry: one turn, one answer. The whole bot."""

from __future__ import annotations

import asyncio
import random
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from core.domain import Turn
from sandbox.server import serve as serve_sandbox
from tests.platforms.slack import Channel, FakeSlack, Person
from tests.slack_ears import hasty_now, hasty_sleep
from tests.slack_ways import Hosted, answering, http_settings
from tests.waiting import soon


async def say_everything(slack: FakeSlack, ana: Person, general: Channel) -> list[str]:
    """Each way of asking once: two in the direct messages, the others in threads of the channel, which are returned."""
    direct = slack.dm(ana)
    mentioned = await slack.say(ana, general, "<@BOT> tell me once")
    mention_first = await slack.say(ana, general, "<@BOT> tell me once", mention_first=True)
    await slack.say(ana, direct, "tell me once", twice=True)
    root = await slack.say(ana, general, "plans?")
    await slack.say(ana, general, "<@BOT> tell me once", thread_ts=root, broadcast=True)
    await slack.say(ana, direct, "tell me once", files=[slack.file("a.txt", b"hello")])
    edited = await slack.say(ana, general, "<@BOT> tell me onec")
    await slack.edit(ana, general, edited, "<@BOT> tell me once", mention_again=True)
    command = await slack.say(ana, general, "<@BOT> usage")
    return [mentioned, mention_first, root, edited, command]


@pytest.fixture
async def slack() -> AsyncIterator[FakeSlack]:
    async with FakeSlack() as fake:
        yield fake


@pytest.fixture
def url(migrated_sqlite: Path, tmp_path: Path) -> str:
    path = tmp_path / "bot.sqlite3"
    shutil.copyfile(migrated_sqlite, path)
    return f"sqlite+aiosqlite:///{path}"


async def turns_of(here: Hosted) -> list[str]:
    async with here.database.read() as connection:
        return list((await connection.execute(text("SELECT state FROM turns"))).scalars())


async def test_one_turn_and_one_answer(slack: FakeSlack, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    ana = slack.person("ana")
    general, direct = slack.channel("general", [ana]), slack.dm(ana)
    threads = await say_everything(slack, ana, general)
    slack.rules.ack_deadline_s = 60.0  # a busy machine is no fault: what is late is sent again minutes later
    waiting = [each for each in slack.socket_mode.deliveries for _ in range(3)]
    random.Random(5).shuffle(waiting)  # noqa: S311 - any order, but the same one each time

    async with (
        serve_sandbox(plan="max") as sandbox,
        answering(slack, url, sandbox, http_settings(slack), now=hasty_now, sleep=hasty_sleep) as (
            here,
            core,
        ),
    ):
        # an edit that comes after the answer to the old words is a question of its own
        all_taken, claim = asyncio.Event(), core.pool._worklist.claim

        async def claim_later(*wanted: Any) -> Turn | None:
            await soon("all events to be taken", all_taken.wait())
            return await claim(*wanted)

        monkeypatch.setattr(core.pool._worklist, "claim", claim_later)
        for delivery in waiting:
            slack.http_mode.repeat(delivery)
        await here.all_taken()
        all_taken.set()
        await soon("core.pool.drained()", core.pool.drained())
        turns = await turns_of(here)

    retries = [sent.headers["x-slack-retry-num"] for sent in slack.http_mode.sent if sent.attempt]
    answers = [len([each for each in slack.visible(general, ts) if each.is_bot]) for ts in threads]
    directly = [each for each in slack.visible(direct) if each.is_bot]
    assert len(retries) == len(waiting)
    assert all(sent.status == 200 for sent in slack.http_mode.sent)
    assert turns == ["answered"] * (len(threads) + 2)
    assert (answers, len(directly)) == ([1] * len(threads), 2)
