"""A database from before the tables and columns got the names of the field: what waited in it goes on."""

from __future__ import annotations

from alembic import command
from sqlalchemy import text

from core.storage.db import migrate
from core.storage.db.engine import Database

OLD_ROWS = (
    "INSERT INTO persons (id, key, created_at) VALUES (1, 'p', '2026-01-01')",
    (
        'INSERT INTO identities (id, person_id, platform, workspace, "user", name, locale, chosen_locale, created_at)'
        " VALUES (1, 1, 'fake', '', 'u', '', '', '', '2026-01-01')"
    ),
    (
        "INSERT INTO conversations (id, platform, workspace, channel, thread, private, owner_id, opened_at, active_at)"
        " VALUES (1, 'fake', '', 'c', '', false, 1, '2026-01-01', '2026-01-01')"
    ),
    (
        "INSERT INTO turns (id, conversation_id, identity_id, key, state, address, notice, attempt, tries, generation,"
        " parked_for, parked_at, faults, wish, awaited, offers, place_told, announced, unpaid, due_at, created_at)"
        " VALUES (1, 1, 1, 't', 'parked', 'a', false, 3, 0, 0, 'balance', '2026-01-02', 0, 'keep', false, '', 4, 1, 2,"
        " '2026-01-01', '2026-01-01')"
    ),
    (
        "INSERT INTO messages (id, conversation_id, turn_id, identity_id, role, text, whole, attachments, origin,"
        " created_at) VALUES (1, 1, 1, 1, 'user', 'why?', true, '[]', 'o', '2026-01-01')"
    ),
    (
        "INSERT INTO gates (name, cause, model, since, retry_at, trials, trial_turn, confirms)"
        " VALUES ('balance', 'balance', '', '2026-01-01', '2026-01-01', 5, 1, 0)"
    ),
    "INSERT INTO failures (id, gate, kind, turn_id, person_id, at) VALUES (1, 'balance', '402', 1, 1, '2026-01-01')",
    "INSERT INTO openings (gate) VALUES ('storage')",
    "INSERT INTO notices (key, told_at) VALUES ('gate:balance', '2026-01-01'), ('key', '2026-01-01')",
)


async def test_an_upgrade_keeps_every_row_under_the_new_names(storage_url: str) -> None:
    async with Database(storage_url) as database:
        async with database.write() as connection:
            await connection.run_sync(lambda sync: command.upgrade(migrate._config(sync), "0007"))
            for row in OLD_ROWS:
                await connection.execute(text(row))

        await migrate.upgrade(database)

        async with database.read() as connection:

            async def rows(query: str) -> list[tuple[object, ...]]:
                return [tuple(row) for row in await connection.execute(text(query))]

            turn = await rows(
                "SELECT state, held_by, cancel_request, position_told, position_only_attempts, unbilled_attempts"
                " FROM turns WHERE held_at IS NOT NULL"
            )
            assert turn == [("parked", "balance", "keep", 4, 1, 2)]
            assert await rows("SELECT text FROM messages") == [("why?",)]
            assert await rows("SELECT name, probes, probe_turn FROM breakers") == [("balance", 5, 1)]
            assert await rows("SELECT breaker, turn_id FROM failures") == [("balance", 1)]
            assert await rows("SELECT breaker FROM releases") == [("storage",)]
            assert await rows("SELECT key FROM alerts ORDER BY key") == [("breaker:balance",), ("key",)]


async def test_a_downgrade_gives_the_old_names_back(storage_url: str) -> None:
    async with Database(storage_url) as database:
        async with database.write() as connection:
            await connection.run_sync(lambda sync: command.upgrade(migrate._config(sync), "0007"))
            for row in OLD_ROWS:
                await connection.execute(text(row))
        await migrate.upgrade(database)

        async with database.write() as connection:
            await connection.run_sync(lambda sync: command.downgrade(migrate._config(sync), "0007"))
            found = await connection.execute(text("SELECT t.parked_for, n.key FROM turns t, notices n"))

            assert {tuple(row) for row in found} == {("balance", "gate:balance"), ("balance", "key")}
