"""Pictures and speech on Slack, over the wire: asked for by command and by mention, shown as files."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from sandbox.files import MP3, PNG
from sandbox.server import serve
from tests.platforms.slack import FakeSlack
from tests.slack_ears import hasty_now, hasty_sleep, settings_at
from tests.slack_ways import answering
from tests.test_media import DRAWING, SPEAKING
from tests.test_slack_whole import Town


@pytest.fixture
def url(migrated_sqlite: Path, tmp_path: Path) -> str:
    return f"sqlite+aiosqlite:///{shutil.copy(migrated_sqlite, tmp_path / 'bot.sqlite3')}"


@pytest.fixture
async def slack() -> AsyncIterator[FakeSlack]:
    async with FakeSlack() as fake:
        yield fake


async def test_pictures_and_speech_are_files_of_slack(slack: FakeSlack, url: str) -> None:
    async with serve(plan="max") as sandbox:
        pace: dict[str, Any] = {"now": hasty_now, "sleep": hasty_sleep}
        program = {"media": {**DRAWING, **SPEAKING}}
        async with answering(slack, url, sandbox, settings_at(slack), program=program, **pace) as (
            here,
            core,
        ):
            there = Town(slack, sandbox, here, core)
            await slack.command(there.ana, there.general, "/aivax", "draw 2x a lighthouse")
            asked = await there.says(there.general, "draw 2x a lighthouse")
            await there.says(there.general, "Here you are.", asked.ts)
            await there.rows("SELECT 1")
            drawn = names_below(slack, there, asked.ts)
            ts = await slack.say(there.ana, there.general, "<@BOT> speak good morning")
            await there.says(there.general, "listen to", ts)
            await there.rows("SELECT 1")
            spoken = names_below(slack, there, ts)

    assert [name.endswith(".png") for name in drawn] == [True, True]
    assert [name.endswith(".mp3") for name in spoken] == [True]
    assert [each.body for each in slack.world.files.values()] == [PNG, PNG, MP3]


def names_below(slack: FakeSlack, there: Town, ts: str) -> list[str]:
    """The files that stand below a message, in their order."""
    return [name for each in slack.visible(there.general, ts) if each.is_bot for name in each.files]
