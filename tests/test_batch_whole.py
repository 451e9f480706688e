"""Batches through the whole core, a database and the sandbox: from the file to the file."""

from __future__ import annotations

import asyncio
import csv
import io
import re
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import pytest

from core.domain import Attachment, Author, Blob, Identity, MadeFile
from sandbox.faults import Fault
from sandbox.shapes import Shapes
from tests.forms_samples import TICKET
from tests.samples import DIRECT, said
from tests.stage import FakePlatform, Stage, staged
from tests.test_erasure import forget
from tests.waiting import soon

ROOT = Author(Identity("discord", "W1", "7"), "Root")
EVE = Author(Identity("discord", "W1", "8"), "Eve")
OPERATORS = {"discord_users": ["7"]}
BATCH = {"enabled": True, "poll_interval_s": 0.02, "lease_s": 1}
PLACE = "D-ana"


class Shelf(FakePlatform):
    """A platform that keeps the files that it was given to show."""

    def __init__(self) -> None:
        super().__init__()
        self.shown: list[MadeFile] = []

    async def attach(self, address: str, files: Any, *more: Any, **named: Any) -> str:
        self.shown += files
        return await super().attach(address, files, *more, **named)


def rows_of(count: int, text: str = "lamp {n} is broken") -> bytes:
    return ("text,floor\n" + "".join(f"{text.format(n=n)},{n % 9 + 1}\n" for n in range(count))).encode()


@asynccontextmanager
async def batching(
    url: str,
    data: bytes,
    *,
    operators: Any = OPERATORS,
    limits: Mapping[str, Any] = MappingProxyType({}),
    **batch: Any,
) -> AsyncIterator[tuple[Stage, Shelf]]:
    shelf = Shelf()
    shelf.files = {"rows": Blob(data, "text/csv")}
    async with staged(
        url,
        platform=shelf,
        forms=[TICKET],  # type: ignore[arg-type]
        batch=BATCH | batch,
        operators=operators,
        limits=limits,
    ) as stage:
        yield stage, shelf


async def begin(stage: Stage, words: str = "batch ticket", by: Author = ROOT) -> None:
    file = Attachment("rows", "rows.csv", "text/csv", 0)
    await stage.hear(replace(said(words, by=by, at=DIRECT), attachments=(file,)))


async def until(what: str, happened: Callable[[], bool]) -> None:
    async def look() -> None:
        async with asyncio.timeout(60):
            while not happened():  # noqa: ASYNC110  the sandbox and the made-up platform tell nobody
                await asyncio.sleep(0.02)

    await soon(what, look())


async def seen(stage: Stage, words: str) -> str:
    await until(f"{words!r} to be said", lambda: words in "\n".join(stage.platform.visible(PLACE)))
    return "\n".join(stage.platform.visible(PLACE))


def cells(file: MadeFile) -> list[list[str]]:
    return list(csv.reader(io.StringIO(file.data.decode("utf-8-sig"), newline="")))


@pytest.mark.parametrize("shape", ["plain", "paged"])
async def test_every_row_comes_back_in_its_order_in_each_form_of_aivax(migrated_url: str, shape: Any) -> None:
    async with batching(migrated_url, rows_of(60)) as (stage, shelf):
        stage.sandbox.state.shapes = Shapes(batch=shape)
        stage.sandbox.state.batches.each_look = 10
        await begin(stage)
        text = await seen(stage, "60 of 60 rows were answered")
        await stage.rest()

        (file,) = shelf.shown
        assert len(stage.sandbox.state.batches.workflows) == 1
    assert "for 60 rows. Each costs a completion" in text
    told = [int(number) for number in re.findall(r"(\d+) of 60 rows are done", text)]
    quarters = [4 * number // 60 for number in told]
    assert quarters, "nobody was told how far it is"
    assert quarters == sorted({*quarters} - {0, 4}), "each quarter is told once"
    assert file.name == "ticket-results.csv"
    head, *rows = cells(file)
    assert head == ["text", "floor", "title", "urgent", "level", "error"]
    assert [row[0] for row in rows] == [f"lamp {n} is broken" for n in range(60)]
    assert all(row[2] == f"A complaint from floor {row[1]}: {row[0]}" for row in rows)


async def test_what_failed_is_named_and_tried_again_when_asked(migrated_url: str) -> None:
    data = b"text,floor\nlamp,1\nExecutionError once,2\ndoor,3\n"
    async with batching(migrated_url, data) as (stage, shelf):
        await begin(stage)
        text = await seen(stage, "2 of 3 rows were answered")
        await stage.rest()
        await begin(stage, "batch retry")
        await seen(stage, "3 of 3 rows were answered")
        await stage.rest()

        first, second = map(cells, shelf.shown)
    assert "`batch retry` tries those that failed" in text
    assert [row[-1] for row in first[1:]] == ["", "execution error", ""]
    assert [row[-1] for row in second[1:]] == ["", "", ""]


async def test_a_pause_is_explained_once_and_its_end_brings_the_result(migrated_url: str) -> None:
    async with batching(migrated_url, rows_of(5)) as (stage, _):
        stage.sandbox.state.account.set_balance(0)
        await begin(stage)
        await seen(stage, "out of credit")
        stage.sandbox.state.account.set_balance(5)
        text = await seen(stage, "5 of 5 rows were answered")

    assert text.count("out of credit") == 1


async def test_a_cancel_brings_what_is_done_and_no_more_is_paid(migrated_url: str) -> None:
    async with batching(migrated_url, rows_of(30)) as (stage, shelf):
        stage.sandbox.state.batches.pause = "TooManyErrors"
        await begin(stage)
        await seen(stage, "too many of its rows failed")
        await begin(stage, "batch cancel")
        await seen(stage, "0 of 30 rows were answered")
        await stage.rest()

        assert all(row[-1] == "not done" for row in cells(shelf.shown[0])[1:])


async def test_failures_of_aivax_on_the_way_make_nothing_twice(migrated_url: str) -> None:
    async with batching(migrated_url, rows_of(5)) as (stage, shelf):
        stage.sandbox.state.faults.add(Fault("batch", "cut", times=2, after_chunks=0))
        await begin(stage)
        await stage.rest()
        rows = await stage.rows("SELECT stage FROM batch_jobs")

    assert rows == ["new"]
    assert shelf.shown == []
    assert len(stage.sandbox.state.batches.workflows) <= 1


async def test_only_operators_may_and_each_within_their_bounds(migrated_url: str) -> None:
    async with batching(migrated_url, rows_of(5), most_rows=4) as (stage, _):
        await begin(stage, by=EVE)
        await begin(stage)
        text = await seen(stage, "A batch may have up to 4 rows")

        assert "`rows.csv` has 5" in text
        assert not stage.sandbox.state.batches.workflows


async def test_a_wrong_row_begins_nothing(migrated_url: str) -> None:
    async with batching(migrated_url, b"text,floor\nlamp,1\ndoor,99\n") as (stage, _):
        await begin(stage)
        await seen(stage, "Row 2 can't be used, so I've begun nothing: `floor` can't be `99`")

        assert await stage.rows("SELECT count(*) FROM batch_jobs") == [0]


async def gone(stage: Stage) -> None:
    async def look() -> None:
        async with asyncio.timeout(60):
            while await stage.rows("SELECT stage || sheet || address FROM batch_jobs") != ["gone"]:  # noqa: ASYNC110
                await asyncio.sleep(0.02)

    await soon("all of the batch to be gone", look())
    assert not stage.sandbox.state.batches.workflows


async def test_what_is_old_is_deleted_here_and_at_aivax(migrated_url: str) -> None:
    async with batching(migrated_url, rows_of(3), keep_hours=0) as (stage, shelf):
        await begin(stage)
        await seen(stage, "3 of 3 rows were answered")
        await gone(stage)

    assert len(shelf.shown) == 1


async def test_who_is_forgotten_in_the_middle_leaves_nothing_at_aivax(migrated_url: str) -> None:
    async with batching(migrated_url, rows_of(30)) as (stage, shelf):
        stage.sandbox.state.batches.pause = "TooManyErrors"
        await begin(stage)
        await seen(stage, "too many of its rows failed")
        await forget(stage, by=ROOT)
        await gone(stage)

        assert await stage.rows("SELECT count(*) FROM batch_jobs WHERE length(result) > 0") == [0]
    assert shelf.shown == []


@pytest.mark.parametrize(
    ("cap", "validation", "left"),
    [
        ("person_daily_usd", "", "$0.98"),
        ("workspace_daily_usd", "", "$0.98"),
        ("spend_monthly_usd", "", "$0.98"),
        ("spend_daily_usd", "the reply is polite", "$1.48"),
    ],
)
async def test_a_batch_that_may_cost_more_than_is_left_is_not_begun(
    migrated_url: str, cap: str, validation: str, left: str
) -> None:
    limits = {cap: 1.5 if validation else 1.0}
    async with batching(migrated_url, rows_of(60), limits=limits, validation=validation) as (stage, _):
        await begin(stage)

        (told,) = stage.platform.visible(PLACE)
        cost = "$2.40" if validation else "$1.20"
        assert told.startswith(f"60 rows may cost {cost}, and {left} is left of what my answers may cost")
        assert not any("batch" in path for path in stage.sandbox.state.calls.paths())


async def test_a_batch_for_which_enough_is_left_is_begun(migrated_url: str) -> None:
    async with batching(migrated_url, rows_of(40), limits={"person_daily_usd": 1.0}) as (stage, _):
        await begin(stage)
        await seen(stage, "40 rows")


@pytest.mark.parametrize(
    "cap", ["person_daily_usd", "place_daily_usd", "spend_daily_usd", "spend_monthly_usd"]
)
async def test_what_a_batch_under_way_may_cost_is_not_left_for_another(migrated_url: str, cap: str) -> None:
    async with batching(migrated_url, rows_of(40), limits={cap: 1.5}) as (stage, _):
        stage.sandbox.state.batches.pause = "TooManyErrors"
        await begin(stage)
        await seen(stage, "too many of its rows failed")
        await begin(stage)

        assert stage.platform.visible(PLACE)[-1].startswith("40 rows may cost $0.80, and $0.67 is left")
