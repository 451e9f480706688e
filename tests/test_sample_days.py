"""The made-up days of the demonstration: the same each time, shown as such, counted by nothing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import func, select

from core.domain.console import Role
from core.storage.console.days import DayReads
from core.storage.db import Database, daily_people, daily_platforms, turns, usage
from core.storage.rollups.sample_days import DAYS, SAMPLE, fill_sample_days, rows_of
from core.storage.spending import EVERYBODY, Price, Spending
from tests.console_seed import Size, fill
from tests.console_stage import console_on

NOW = datetime(2026, 9, 2, 15, 20, tzinfo=UTC)
PRICE = Price(prompt_usd=2.0, completion_usd=8.0)


async def test_they_are_the_same_each_time_and_added_once(migrated_url: str) -> None:
    async with Database(migrated_url) as database:
        await fill_sample_days(database, NOW.date() - timedelta(days=1))
        await fill_sample_days(database, NOW.date())
        first = await DayReads(database, PRICE, "").days(NOW, 90, 9)
        await fill_sample_days(database, NOW.date())
        again = await DayReads(database, PRICE, "").days(NOW, 90, 9)
        async with database.read() as connection:
            number = await connection.scalar(select(func.count()).select_from(daily_platforms))

    assert first == again
    assert number == DAYS + 1
    assert list(first.platforms) == [SAMPLE]
    assert (
        sum(bool(each.sums.answered and each.end_s and each.balance_usd) for each in first.days) == DAYS + 1
    )
    assert [*map(str, rows_of(NOW.date()))] == [*map(str, rows_of(NOW.date()))]


async def test_no_cap_and_no_quota_counts_them(migrated_url: str) -> None:
    async with Database(migrated_url) as database:
        await fill_sample_days(database, NOW.date())

        async with database.read() as connection:
            spending = Spending(connection, PRICE)
            spent = await spending.spent(EVERYBODY, NOW - timedelta(days=60))
            between = await spending.between(NOW - timedelta(days=60), NOW)
            rows = [
                await connection.scalar(select(func.count()).select_from(table))
                for table in (turns, usage, daily_people)
            ]

    assert spent.usd is None
    assert between == 0
    assert rows == [0, 0, 0]


async def test_real_turns_are_counted_beside_them_and_the_page_tells_them_apart(migrated_url: str) -> None:
    async with console_on(migrated_url, now=lambda: NOW) as console:
        viewer = await console.user("vic", Role.VIEWER)
        await fill(console.database, NOW, Size(people=6, turns=120, days=10))
        await console.count_days()
        plain = await viewer.see("/")
        alone = await DayReads(console.database, PRICE, "").days(NOW, 30, 9)
        await fill_sample_days(console.database, NOW.date())
        page = await viewer.see("/")
        beside = await DayReads(console.database, PRICE, "").days(NOW, 30, 9)

    assert "made up" not in plain.text
    assert "The platform “Sample” is made up" in page.text
    assert {name: sums for name, sums in beside.platforms.items() if name != SAMPLE} == alone.platforms
    assert beside.people == alone.people
