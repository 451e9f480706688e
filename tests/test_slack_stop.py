"""A stop ends a stream of Slack's where it stands, also when the whole answer is known already."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import suppress

import pytest

from core.domain import Apology, CutShort
from tests.fakes import FakeLedger
from tests.slack_stage import Stage, staged

STOPPED = "Stopped here, as you asked."


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    async with staged() as stage:
        yield stage


async def test_an_answer_that_is_cut_short_ends_where_it_stands(stage: Stage) -> None:
    ledger = FakeLedger()
    with suppress(CutShort):
        async with stage.surface(ledger) as surface:
            await surface.write("Hello")
            await stage.seen("Hello")
            await stage.slack.until(lambda: bool(ledger.rows and ledger.rows[-1].shown))
            await surface.write(", world, and much more that nobody wants to read")
            raise CutShort(1, 1)

    again = ledger.reopened()
    shown = max(each.shown for each in again.earlier)
    async with stage.surface(again) as surface:
        await surface.write("Hello, world, and much more that nobody wants to read"[:shown])
        await surface.fail(Apology(STOPPED))

    assert stage.text.startswith("Hello")
    assert "much more" not in stage.text
    assert STOPPED in stage.text
    assert not any(answer.streaming for answer in stage.answers)
