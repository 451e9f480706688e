"""A turn that is broken off because its process ends is handed over, however it is hurried; on both databases."""

from __future__ import annotations

import asyncio

from sqlalchemy import select

from bots.app import open_core
from core.storage.db import Database, turns
from core.storage.turns.store import TurnStore
from core.util.clock import utc_now
from sandbox.server import serve
from tests.samples import said
from tests.stage import FakePlatform, settings_for

WITHIN_S = 30


async def test_a_turn_is_handed_over_even_if_it_is_cancelled_twice(
    migrated_url: str, database: Database
) -> None:
    platform = FakePlatform()
    async with (
        serve(plan="max") as sandbox,
        open_core(settings_for(migrated_url, sandbox), {platform.platform: platform}) as core,
    ):
        sandbox.state.tokens_per_s = 20
        await core.intake.receive(said("long 3000"))
        turn = await TurnStore(database, utc_now, "a process").claim(1)
        assert turn is not None
        answering = asyncio.create_task(core.runner.run(turn))
        async with asyncio.timeout(WITHIN_S):
            while not any(len(shown) > 20 for shown in platform.visible("D-ana")):  # noqa: ASYNC110  tells nobody
                await asyncio.sleep(0.01)
        async with database.write() as connection:  # somebody has the row: the hand-over takes a while
            await connection.execute(select(turns.c.id).with_for_update())
            for _ in range(2):
                answering.cancel()
                await asyncio.sleep(0.3)
        await asyncio.wait([answering], timeout=WITHIN_S)

        async with database.read() as connection:
            assert (await connection.execute(select(turns.c.state))).scalars().all() == ["queued"]
