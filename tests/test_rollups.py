"""Days are counted once and to the turn: over changed clocks, late endings, crashes, several processes, deletions."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import delete, select, update

from core.domain import TurnState
from core.domain.audit import Actor, Via
from core.storage.console.days import DayReads, Days, Sums
from core.storage.db import (
    Database,
    conversations,
    daily_people,
    daily_times,
    erasures,
    metadata,
    turns,
    usage,
)
from core.storage.operations.turn_changes import Outcome, TurnChanges
from core.storage.personal_data.deletion import ErasureStore
from core.storage.rollups.buckets import BOUNDS_S, GROWTH, bucket_of, percentile_s
from core.storage.rollups.counting import SETTLED, RollupStore, counted_until
from core.storage.spending import Price
from tests.console_seed import Seed, Size, write

ZONE = "Europe/Lisbon"
"""Its clocks went back on 25 October 2026, at 02:00."""
NOW = datetime(2026, 10, 29, 15, 20, tzinfo=UTC)
EMPTY = date(2026, 10, 22)
PRICE = Price(prompt_usd=2.0, completion_usd=8.0)
LONG_AGO = timedelta(days=2)
STRETCH = timedelta(hours=9)


@pytest.fixture
async def database(migrated_url: str) -> AsyncIterator[Database]:
    async with Database(migrated_url) as opened:
        yield opened


async def fill(database: Database, number: int = 400) -> None:
    """Twelve days with an empty one, answers that took days, at midnight and while the clocks changed."""
    seed = Seed(NOW, Size(people=6, turns=number, days=12))
    seed.people()
    for each in range(1, number + 1):
        _vary(seed.turn(each), each)
    moments = ("2026-10-24T22:59:59.999", "2026-10-24T23:00", "2026-10-25T00:30", "2026-10-25T01:30")
    for each, told in enumerate((*moments, "2026-10-25T23:59:59", "2026-10-26T00:00"), number + 1):
        at = datetime.fromisoformat(told).replace(tzinfo=UTC)
        seed.turn(each, created_at=at - timedelta(minutes=3), ended_at=at, state="answered", failure=None)
    for used in seed.rows[usage]:
        used["credits"] = None if used["turn_id"] % 3 == 0 else used["credits"]
    await write(database, seed)


def _vary(row: dict[str, Any], number: int) -> None:
    if _day(row["ended_at"]) == EMPTY:
        for moment in ("created_at", "started_at", "ended_at", "first_text_at"):
            row[moment] = row[moment] and row[moment] + timedelta(days=1)
    if number % 17 == 0:
        row["created_at"] -= LONG_AGO
    if number % 23 == 0:
        row["state"] = "superseded" if number % 2 else "cancelled"
    row["emptied_at"] = NOW if number % 29 == 0 else None
    row["notice"] = number % 31 == 0


def _day(at: datetime, zone: str = ZONE) -> date:
    return at.astimezone(ZoneInfo(zone)).date()


@dataclass
class Raw:
    """What the rows themselves tell, added up one by one."""

    days: dict[date, Sums]
    platforms: dict[str, Sums]
    causes: Counter[str]
    people: dict[int, int]
    places: dict[tuple[str, str, str], int]
    times: Counter[tuple[date, str, int]]


async def raw(database: Database, until: datetime = NOW) -> Raw:
    query = (
        select(turns, usage.c.turn_id.label("used"), usage.c["prompt_tokens", "completion_tokens", "credits"])
        .add_columns(conversations.c["platform", "workspace", "channel", "private"])
        .select_from(turns.join(conversations).outerjoin(usage, usage.c.turn_id == turns.c.id))
        .where(~turns.c.notice, turns.c.ended_at < until)
    )
    found = Raw({}, {}, Counter(), Counter(), Counter(), Counter())
    async with database.read() as connection:
        rows = (await connection.execute(query)).all()
    for row in rows:
        day, lately = _day(row.ended_at), _day(row.ended_at) > _day(NOW) - timedelta(days=7)
        usd = 0.0
        if row.used:
            usd = row.credits
            if usd is None:
                usd = (2.0 * row.prompt_tokens + 8.0 * row.completion_tokens) / 1e6
        sums = replace(
            Sums(**{row.state: 1}), tokens=(row.prompt_tokens or 0) + (row.completion_tokens or 0), usd=usd
        )
        found.days[day] = found.days.get(day, Sums()) + sums
        found.platforms[row.platform] = found.platforms.get(row.platform, Sums()) + sums
        if row.state == "failed" and lately:
            found.causes[row.failure] += 1
        if row.used and lately:
            found.places[row.platform, row.workspace, "" if row.private else row.channel] += 1
            found.people[row.identity_id] += row.emptied_at is None
        for what, at in (("first_text", row.first_text_at), ("end", row.ended_at)):
            if at is not None and row.state == "answered":
                found.times[day, what, bucket_of((at - row.created_at).total_seconds())] += 1
    return found


def rounded(sums: Sums) -> Sums:
    return replace(sums, usd=round(sums.usd, 9))


async def read(database: Database, zone: str = ZONE) -> Days:
    return await DayReads(database, PRICE, zone).days(NOW, 30, 99)


def assert_same(told: Days, known: Raw) -> None:
    shown = {each.day: rounded(each.sums) for each in told.days}
    assert {day: sums for day, sums in shown.items() if sums != Sums()} == {
        day: rounded(sums) for day, sums in known.days.items()
    }
    assert {name: rounded(sums) for name, sums in told.platforms.items()} == {
        name: rounded(sums) for name, sums in known.platforms.items()
    }
    assert dict(told.causes) == dict(known.causes)
    assert sorted(each.answers for each in told.people) == sorted(filter(None, known.people.values()))
    places = {(each.platform, each.workspace, each.name): each.answers for each in told.places}
    assert places == known.places
    for day in told.days:
        for what, told_s in (("first_text", day.first_text_s), ("end", day.end_s)):
            counted = {
                bucket: count
                for (at, of, bucket), count in known.times.items()
                if (at, of) == (day.day, what)
            }
            assert told_s == percentile_s(counted, 0.5)


async def count(database: Database, zone: str = ZONE, now: datetime = NOW) -> int:
    store, stretches = RollupStore(database, zone, stretch=STRETCH), 0
    async with asyncio.timeout(60):
        while await store.count_on(now):
            stretches += 1
    return stretches


async def test_each_number_is_that_of_the_rows_before_between_and_after_counting(database: Database) -> None:
    await fill(database)
    known = await raw(database)
    store = RollupStore(database, ZONE, stretch=STRETCH)

    lately = [await read(database)]
    async with asyncio.timeout(60):
        while await store.count_on(NOW):
            lately.append(await read(database))

    assert len(lately) > 24
    assert_same(lately[-1], known)
    assert known.days.keys() >= {date(2026, 10, 24), date(2026, 10, 25), date(2026, 10, 26)}
    assert EMPTY not in known.days
    assert lately[0].counted_to is not None
    caught_up = next(each for each in lately if each.counted_to is None)
    assert_same(caught_up, known)
    assert await count(database) == 0


async def test_the_buckets_hold_what_the_rows_tell(database: Database) -> None:
    await fill(database)
    await count(database)

    async with database.read() as connection:
        query = select(daily_times.c["day", "what", "bucket", "turns"])
        counted: Counter[tuple[date, str, int]] = Counter()
        for day, what, bucket, number in await connection.execute(query):
            counted[day, what, bucket] += number
    settled = await raw(database, NOW - SETTLED)
    assert counted == settled.times


async def test_several_processes_count_each_turn_once(migrated_url: str) -> None:
    async with Database(migrated_url) as one, Database(migrated_url) as other:
        await fill(one)
        # a SQLite file has one process
        houses = [one, one, one] if one.is_sqlite else [one, other, one]

        stretches = await asyncio.gather(*(count(house) for house in houses))

        assert sum(stretches) > 24
        assert_same(await read(one), await raw(one))


async def test_what_a_crash_interrupts_is_counted_afterwards(database: Database) -> None:
    await fill(database, 120)
    store, interrupted = RollupStore(database, ZONE, stretch=STRETCH), 0
    for ticks in (1, 2, 3, 5, 8, 13, 21, 34):
        counting = asyncio.create_task(store.count_on(NOW))
        for _ in range(ticks):
            await asyncio.sleep(0)
        counting.cancel()
        interrupted += bool((await asyncio.gather(counting, return_exceptions=True))[0] is not True)
    await count(database)

    assert interrupted > 0
    assert_same(await read(database), await raw(database))


async def test_what_ends_late_is_counted_where_it_ended_and_what_is_not_yet_stored_in_time(
    database: Database,
) -> None:
    await fill(database, 60)
    await count(database)
    async with database.write() as connection:
        of = update(turns).where(turns.c.id == 7)
        await connection.execute(
            of.values(ended_at=NOW - SETTLED + timedelta(seconds=1), state="failed", failure="Late")
        )
    async with database.read() as connection:
        until = await counted_until(connection)

    assert until == NOW - SETTLED
    assert ("Late", 1) in (await read(database)).causes


@pytest.mark.parametrize("to", ["America/Sao_Paulo", "Asia/Kolkata", ""])
async def test_another_time_zone_loses_no_turn_and_counts_none_twice(database: Database, to: str) -> None:
    await fill(database)
    await count(database, now=NOW - timedelta(days=4, hours=12, minutes=7))

    await count(database, to)

    told = await read(database, to)
    known = await raw(database)
    assert rounded(sum((each.sums for each in told.days), Sums())) == rounded(
        sum(known.days.values(), Sums())
    )
    whole = [each for each in told.days if each.day < date(2026, 10, 24)]
    assert {each.day: rounded(each.sums) for each in whole if each.sums != Sums()} == {
        day: rounded(sums) for day, sums in known.days.items() if day < date(2026, 10, 24)
    }


async def test_a_failed_answer_that_is_delivered_again_is_counted_as_it_ends(database: Database) -> None:
    await fill(database, 60)
    await count(database)
    async with database.write() as connection:
        stored = {"state": "failed", "failure": "Refused", "answer": "Yes.", "address": "{}"}
        found = await connection.scalar(select(turns.c.id).where(turns.c.state == "answered").limit(1))
        await connection.execute(update(turns).where(turns.c.id == found).values(**stored))
    async with database.write() as connection:  # as if it had been so when it was counted
        for table in (name for name in metadata.tables if name.startswith("daily_")):
            await connection.execute(metadata.tables[table].delete())
    await count(database)

    changed = await TurnChanges(database, lambda: NOW).retry(found, Actor(Via.COMMAND, "root"))
    between = await read(database)
    async with database.write() as connection:
        ended = update(turns).where(turns.c.id == found)
        await connection.execute(
            ended.values(state=TurnState.ANSWERED, ended_at=NOW - timedelta(seconds=1), failure=None)
        )

    assert changed.outcome is Outcome.DONE
    known = await raw(database)
    assert sum(each.sums.answered + each.sums.failed for each in between.days) + 1 == sum(
        each.answered + each.failed for each in known.days.values()
    )
    assert_same(await read(database), known)


async def test_deletion_and_retention_leave_what_was_counted_without_the_person(database: Database) -> None:
    await fill(database)
    await count(database)
    before = await read(database)

    async with database.write() as connection:
        await connection.execute(delete(turns).where(turns.c.ended_at < NOW - SETTLED))
        await connection.execute(daily_people.delete().where(daily_people.c.identity_id == 2))
        await connection.execute(update(turns).where(turns.c.identity_id == 2).values(emptied_at=NOW))
    after = await read(database)

    assert after.days == before.days
    assert after.platforms == before.platforms
    assert len(after.people) == len(before.people) - 1
    assert after.places == before.places


async def test_who_has_themselves_forgotten_goes_and_the_numbers_of_all_stay(database: Database) -> None:
    await fill(database, 60)
    await count(database)
    before = await read(database)
    async with database.write() as connection:
        asked = {"person_id": 2, "identity_id": 2, "conversation_id": 4, "address": "", "as_page": False}
        more = {"last_turn": 10_000, "messages": 0, "asked_at": NOW}
        await connection.execute(erasures.insert().values(**asked, **more))
    store = ErasureStore(database, lambda: NOW)
    erasure = await store.next()
    assert erasure is not None

    async with asyncio.timeout(60):
        while await store.step(erasure):
            pass

    after = await read(database)
    async with database.read() as connection:
        query = select(daily_people.c.identity_id).where(daily_people.c.identity_id == 2)
        theirs = (await connection.execute(query)).all()
    assert theirs == []
    assert after.days == before.days
    assert after.places == before.places
    assert len(after.people) == len(before.people) - 1


def test_a_bucket_is_told_by_its_middle() -> None:
    lengths = [0.01, 0.1, 0.13, 1.0, 4.2, 59.0, 3_000.0]

    for length in lengths[1:]:
        told = percentile_s({bucket_of(length): 3}, 0.5)
        assert told is not None
        assert 1 / GROWTH**0.51 <= told / length <= GROWTH**0.51

    assert percentile_s({}, 0.5) is None
    assert bucket_of(BOUNDS_S[-1] + 1) == len(BOUNDS_S)
    assert percentile_s({0: 1, 9: 1, 20: 1}, 0.5) == percentile_s({9: 1}, 0.5)
