"""What is left behind by a process that died, froze or lost its database, and how it is mended."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest
from sqlalchemy import text

from core.domain import DatabaseFull, DatabaseUnreachable, Fenced, Turn
from core.storage.db import Database, outlast
from core.storage.turns.ledger import StoredLedger
from tests.samples import ANA, DIRECT, said
from tests.stage import Stage, staged
from tests.waiting import waiting_for

NOW = datetime(2026, 9, 1, tzinfo=UTC)
AWAY = DatabaseUnreachable("sqlite:///bot", "database or disk is full")


async def asleep(stage: Stage) -> tuple[StoredLedger, str]:
    """The ledger of an attempt that was taken over, and the id of the message that its taker left."""
    (key,) = await stage.rows("SELECT key FROM turns")
    turn = Turn(1, key, 1, 0, 1, 0, ANA, "ana", DIRECT, "D-ana", False, NOW, None)
    ledger = await StoredLedger.open(stage.core.database, turn)
    with pytest.raises(Fenced):
        await ledger.check()
    return ledger, ledger.earlier[0].message_id


async def test_an_answer_that_a_sleeper_wrote_over_is_shown_anew(migrated_url: str) -> None:
    async with staged(migrated_url) as stage:
        await stage.hear(said("hello there"))
        answer = stage.platform.visible("D-ana")
        ledger, message_id = await asleep(stage)
        stage.platform.place("D-ana").messages[0].text = "Hel"

        await ledger.spoiled(message_id)
        await stage.core.pool.sweep()
        await stage.rest()

        assert stage.platform.visible("D-ana") == answer
        assert await stage.states() == ["answered"]
        assert len(stage.asked) == 1


async def test_what_a_sleeper_wrote_elsewhere_changes_nothing(migrated_url: str) -> None:
    async with staged(migrated_url) as stage:
        await stage.hear(said("hello there"))
        ledger, message_id = await asleep(stage)

        assert await ledger.holds(message_id)
        assert not await ledger.holds("of another")
        await ledger.spoiled("of another")
        assert await stage.states() == ["answered"]


async def test_a_database_that_is_away_for_a_moment_is_waited_for() -> None:
    troubles: list[DatabaseUnreachable] = [AWAY, AWAY]

    async def work() -> str:
        if troubles:
            raise troubles.pop()
        return "done"

    assert await outlast(work, waits_s=(0, 0)) == "done"


async def test_a_database_that_stays_away_is_reported() -> None:
    async def work() -> None:
        raise AWAY

    with pytest.raises(DatabaseUnreachable):
        await outlast(work, waits_s=(0, 0))


async def test_a_turn_that_lost_its_database_is_taken_up_again_without_an_apology(migrated_url: str) -> None:
    async with staged(migrated_url) as stage:
        troubles = [AWAY]

        async def hook(instant: str) -> None:
            if instant == "before post" and troubles:
                raise troubles.pop()

        stage.platform.place("D-ana").hook = hook
        await stage.core.intake.receive(said("are you there?"))
        async with waiting_for("the answer"):
            while not await stage.are({"answered"}):
                await stage.core.pool.sweep()
                await asyncio.sleep(0)

        (answer,) = stage.platform.visible("D-ana")
        assert "are you there?" in answer
        assert "Something went wrong" not in answer


async def test_a_full_disk_is_told_as_one_and_leaves_no_half_of_a_change(sqlite_url: str) -> None:
    async with Database(sqlite_url) as database:
        async with database.write() as connection:
            await connection.execute(text("CREATE TABLE ballast (stuff TEXT)"))

        async def fill() -> None:
            async with database.write() as connection:
                await connection.execute(text("PRAGMA max_page_count = 3"))
                await connection.execute(text("INSERT INTO ballast VALUES (hex(zeroblob(100000)))"))

        with pytest.raises(DatabaseFull, match="full"):
            await fill()

        async with database.read() as connection:
            assert (await connection.execute(text("SELECT count(*) FROM ballast"))).scalar_one() == 0


async def test_a_connection_that_is_ended_in_mid_transaction_is_made_anew(postgres_url: str) -> None:
    async with Database(postgres_url) as database:

        async def end() -> None:
            async with database.write() as connection:
                await connection.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))

        with pytest.raises(DatabaseUnreachable):
            await end()

        async with database.read() as connection:
            assert (await connection.execute(text("SELECT 1"))).scalar_one() == 1
