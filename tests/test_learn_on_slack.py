"""Learning over Slack's wire: a file that an operator shares, and its message when it is deleted."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from sandbox.server import serve
from tests.platforms.slack import FakeSlack
from tests.slack_ears import hasty_now, hasty_sleep, settings_at
from tests.slack_ways import answering
from tests.test_learn import handbook, keeper_of
from tests.test_slack_whole import Town


@pytest.fixture
def url(migrated_sqlite: Path, tmp_path: Path) -> str:
    return f"sqlite+aiosqlite:///{shutil.copy(migrated_sqlite, tmp_path / 'bot.sqlite3')}"


@pytest.fixture
async def slack() -> AsyncIterator[FakeSlack]:
    async with FakeSlack() as fake:
        yield fake


async def test_a_shared_pdf_is_learnt_and_forgotten_with_its_message(slack: FakeSlack, url: str) -> None:
    ana = slack.person("ana")
    async with serve(plan="max", balance=100.0) as sandbox:
        collection = sandbox.state.knowledge.library.create("handbooks", 0.0)
        program = {
            "operators": {"slack_users": [ana.id]},
            "knowledge": {"learn_into": collection.id, "learn_wait_s": 0.0},
        }
        pace: dict[str, Any] = {"now": hasty_now, "sleep": hasty_sleep}
        async with answering(slack, url, sandbox, settings_at(slack), program=program, **pace) as (
            here,
            core,
        ):
            there = Town(slack, sandbox, here, core)
            there.ana, there.general = ana, slack.channel("harbour", [ana])
            file = slack.file("handbook.pdf", handbook(3), "application/pdf")
            ts = await slack.say(there.ana, there.general, "<@BOT> learn", files=[file])
            await there.says(there.general, "pieces: 3", ts)
            learnt = {each.metadata["page"] for each in collection.documents.values()}
            await slack.delete(there.ana, there.general, ts)
            await slack.until(lambda: not slack.unacked)
            await keeper_of(core).carry_on()

            assert learnt == {"1", "2", "3"}
            assert collection.documents == {}
