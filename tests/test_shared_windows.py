"""How often platforms are called by all processes on one PostgreSQL together."""

from __future__ import annotations

import asyncio

import pytest

from core.storage.cluster.windows import WindowStore
from core.storage.db import Database

pytestmark = pytest.mark.parametrize("migrated_url", ["postgresql"], indirect=True)
LONG_S = 600.0
"""Longer than any test."""


async def test_as_many_calls_as_the_rate_allows_are_made_at_once_whoever_makes_them(
    database: Database,
) -> None:
    stores = [WindowStore(database) for _ in range(4)]

    bookings = await asyncio.gather(
        *(stores[at % 4].book("slack:update", calls=5, window_s=LONG_S) for at in range(12))
    )
    made = [each for each in bookings if each.at is not None]
    assert len(made) == 5
    assert all(each.wait_s == pytest.approx(0.0, abs=1.0) for each in made)
    assert all(each.wait_s > LONG_S / 2 for each in bookings if each.at is None)


async def test_who_may_wait_gets_the_moment_at_which_every_window_keeps_the_rate(database: Database) -> None:
    store = WindowStore(database)
    moments = [
        (await store.book("k", calls=3, window_s=LONG_S, most_s=10 * LONG_S)).at or 0.0 for _ in range(8)
    ]

    assert all(later - earlier >= LONG_S - 1e-3 for earlier, later in zip(moments, moments[3:], strict=False))
    assert moments == sorted(moments)


async def test_calls_that_leave_some_to_others_are_refused_first(database: Database) -> None:
    store = WindowStore(database)
    growing = [await store.book("k", calls=4, most=3, window_s=LONG_S) for _ in range(4)]
    last = await store.book("k", calls=4, window_s=LONG_S)

    assert [each.at is not None for each in growing] == [True, True, True, False]
    assert last.at is not None


async def test_a_call_that_is_not_made_is_somebody_elses(database: Database) -> None:
    store = WindowStore(database)
    made = await store.book("k", calls=1, window_s=LONG_S)
    assert (await store.book("k", calls=1, window_s=LONG_S)).at is None
    assert made.at is not None
    await store.give_back("k", made.at)

    assert (await store.book("k", calls=1, window_s=LONG_S)).at is not None


async def test_no_name_of_a_channel_or_a_webhook_is_stored(database: Database) -> None:
    await WindowStore(database).book("discord:webhook:secret-token", calls=1, window_s=LONG_S)
    async with database.read() as connection:
        keys = (await connection.exec_driver_sql("SELECT key FROM cluster_windows")).scalars().all()

    assert len(keys) == 1
    assert "secret" not in keys[0]
