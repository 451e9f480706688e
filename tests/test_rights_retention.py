"""Kinds of data with a period of their own: each goes when it is due, from the raw files, and nothing else with it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError
from sqlalchemy import insert, update

from core.domain import Attachment
from core.settings import StorageSettings
from core.storage.db import conversations, identities, learnt, messages, tool_activity, turns
from core.storage.ops.retention import Retention
from core.storage.personal_data.sqlite_scrub import Scrubber
from core.util.clock import utc_now
from tests.samples import said
from tests.stage import Stage, staged
from tests.test_erasure import left
from tests.test_erasure import until as waited

REF, TOOL, WORDS = "where-the-plan-lies", "the tool was asked about the vault", "my question of that day"


@pytest.fixture
async def stage(migrated_url: str) -> AsyncIterator[Stage]:
    """A bot that answered one question with a file and a tool, and learnt something, long ago."""
    async with staged(migrated_url) as opened:
        opened.sandbox.state.tokens_per_s = 0
        await opened.hear(said(WORDS, attachments=(Attachment(REF, "plan.pdf"),)), said("of today"))
        long_ago = datetime.now(UTC) - timedelta(days=40)
        async with opened.core.database.write() as connection:
            old = update(turns).where(turns.c.id == 1)
            await connection.execute(old.values(created_at=long_ago, ended_at=long_ago))
            for turn, at in ((1, long_ago), (2, datetime.now(UTC))):
                await connection.execute(
                    insert(tool_activity).values(
                        turn_id=turn,
                        tool_id=f"t{turn}",
                        name="search",
                        state="completed",
                        contents=TOOL if turn == 1 else "another",
                        explanation="",
                        updated_at=at,
                    )
                )
            await connection.execute(
                insert(learnt).values(
                    collection="c",
                    key="k",
                    name="handbook",
                    file=None,
                    platform="fake",
                    workspace="W1",
                    channel="general",
                    thread="",
                    private=False,
                    address="general/1",
                    identity_id=1,
                    learnt_at=long_ago,
                )
            )
        yield opened


async def sweep(stage: Stage, **days: float) -> dict[str, Any]:
    """Sweep with these periods; what went of each kind."""
    settings = StorageSettings(retention_days=60 if "retention_calls_days" not in days else 30, **days)
    database = stage.core.database
    swept = await Retention(database, utc_now, settings, scrubber=Scrubber(database)).sweep()
    return dict(swept.kinds)


async def gone(stage: Stage, words: str) -> bool:
    """Whether no raw file, and no table, has these words, once that is scrubbed."""

    async def nowhere() -> bool:
        return not await left(stage, words)

    return bool(await waited(nowhere, f"{words} to be gone"))


async def test_without_a_period_of_its_own_nothing_goes_before_the_text(stage: Stage) -> None:
    assert await sweep(stage) == {}
    assert all([await left(stage, each) for each in (REF, TOOL, WORDS)])


async def test_files_and_tools_go_and_the_question_stays(stage: Stage) -> None:
    swept = await sweep(stage, retention_files_days=30, retention_tools_days=30)

    assert swept == {"tools": 1, "files": 1, "sheets": 0, "chat_files": 0}
    assert await gone(stage, REF)
    assert await gone(stage, TOOL)
    assert await left(stage, WORDS)
    assert await stage.rows("SELECT contents FROM tool_activity") == ["another"]


async def test_what_was_learnt_is_to_be_forgotten(stage: Stage) -> None:
    assert await sweep(stage, retention_learnt_days=30) == {"learnt": 1}
    assert await stage.rows("SELECT wanted FROM learnt") == ["forget"]
    assert await sweep(stage, retention_learnt_days=30) == {"learnt": 0}


async def test_the_numbers_go_with_all_that_hangs_on_their_turn(stage: Stage) -> None:
    assert await sweep(stage, retention_calls_days=35) == {"calls": 1}
    assert await stage.rows("SELECT turn_id FROM usage") == [2]
    assert await stage.rows("SELECT id FROM turns") == [2]
    assert await gone(stage, WORDS)
    async with stage.core.database.read() as connection:
        kept = [
            (await connection.execute(each.select())).first()
            for each in (identities, conversations, messages)
        ]
    assert all(kept)


@pytest.mark.parametrize(("calls", "texts"), [(31, 10), (40, 60)])
def test_numbers_are_kept_as_long_as_caps_and_texts_need_them(calls: float, texts: float) -> None:
    with pytest.raises(ValidationError, match="write 0, or at least"):
        StorageSettings(retention_days=texts, retention_calls_days=calls)
    assert StorageSettings(retention_days=texts, retention_calls_days=90).retention_calls_days == 90
