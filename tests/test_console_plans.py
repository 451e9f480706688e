"""The console's lists and pages read no table that grows from end to end, however their filters are put together."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from benchmarks.stage.console_filling import Year, fill_year
from core.domain.console import Role
from core.storage.console.conversations import OUTCOMES
from tests.console_stage import Console, console_on
from tests.statements import read_whole, recorded

YEAR = Year(people=4_000, turns=20_000, audit=5_000)
LISTS = (
    "",
    *(
        "of=8",
        "person=person%207",
        "person=U77",
        "person=slack:U77",
        "channel=C7",
        "channel=D99",
        "platform=slack",
    ),
    *(f"outcome={each}" for each in OUTCOMES),
    *("reference=r700", "words=xylophone", "words=number&channel=C7", "words=some&outcome=failed"),
    *("outcome=superseded&channel=C7&platform=slack", "of=8&outcome=failed&channel=C4"),
    "before=2026-01-01T00:00:00%2B00:00~9",
)
SPANS = ("days=7", "days=365", "from=2020-01-01&to=2020-02-01")
PAGES = (  # and without /people, which adds up a month of all
    *("/people?q=person%2099", "/people?q=U99", "/people?q=slack:T0ACME/U99"),
    *(
        "/people/8",
        "/people/8/forget",
        "/conversations/14",
        "/conversations/14?at=77",
        "/conversations/14?before=99",
    ),
    *(
        "/turns/9000",
        "/turns?q=r700",
        "/waiting",
        "/audit",
        "/audit?who=operator-3",
        "/audit?what=turn.retry",
    ),
    *(
        "/audit?person=8",
        "/audit?who=operator-3&what=sign_in&from=2020-01-01",
        "/audit?from=2020-01-01&to=2020-02-01",
    ),
)


@pytest.fixture
async def console(migrated_url: str) -> AsyncIterator[Console]:
    async with console_on(migrated_url) as opened:
        await fill_year(opened.database, YEAR)
        yield opened


@pytest.mark.long
async def test_no_table_that_grows_is_read_whole_for_a_page(console: Console) -> None:
    owner = await console.user("ana", Role.OWNER)
    with recorded() as recorder:
        for path in (*PAGES, *(f"/conversations?{span}&{fields}" for fields in LISTS for span in SPANS)):
            page = await owner.see(path)
            assert page.status in (200, 303), path

    found = await read_whole(console.database, recorder.statements)

    assert not found, "\n".join(found)
