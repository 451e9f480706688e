"""A database from before the tables and columns got the names of the field: what waited in it goes on."""

# ruff: noqa: S608  the names in the statements stand in this file

from __future__ import annotations

from alembic import command
from sqlalchemy import inspect, text

from core.storage.db import Database, migrate

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


OLD_INSTALLATIONS = (
    (
        "INSERT INTO slack_installations (team, team_name, app, bot_user, bot_id, bot_name, scopes, installer, token,"
        " refresh_token, expires_at, version, refreshing_until, installed_at) VALUES"
        " ('T1', 'Acme', 'A1', 'U1', 'B1', 'bot', 'chat:write', 'U9', 'sealed', 'fresh', '2026-01-03 04:05:06', 7,"
        " '2026-01-02 03:04:05', '2026-01-01 02:03:04'),"
        " ('T2', '', 'A1', 'U2', 'B2', 'bot', '', 'U8', 'other', '', NULL, 1, NULL, '2026-01-01 00:00:00')"
    ),
    "INSERT INTO slack_install_states (digest, expires_at) VALUES ('d', '2026-01-01')",
)
FILLED = "workspace_name, app, bot_user, bot_id, bot_name, scopes, installer, token, refresh_token, version"
INSTALLATION = f"{FILLED}, expires_at IS NULL, refreshing_until IS NULL"
KEPT = [
    ("T1", "Acme", "A1", "U1", "B1", "bot", "chat:write", "U9", "sealed", "fresh", 7, False, False),
    ("T2", "", "A1", "U2", "B2", "bot", "", "U8", "other", "", 1, True, True),
]


async def test_an_upgrade_moves_slacks_installations_whole(storage_url: str) -> None:
    async with Database(storage_url) as database:
        async with database.write() as connection:
            await connection.run_sync(lambda sync: command.upgrade(migrate._config(sync), "0008"))
            for row in OLD_INSTALLATIONS:
                await connection.execute(text(row))
            times = "expires_at, refreshing_until, installed_at"
            before = [
                *await connection.execute(text(f"SELECT {times} FROM slack_installations ORDER BY team"))
            ]

        await migrate.upgrade(database)

        async with database.read() as connection:
            found = await connection.execute(
                text(f"SELECT platform, workspace, {INSTALLATION} FROM installations ORDER BY workspace")
            )
            assert [tuple(row) for row in found] == [("slack", *row) for row in KEPT]
            after = await connection.execute(text(f"SELECT {times} FROM installations ORDER BY workspace"))
            assert [*after] == before
            tables = await connection.run_sync(lambda sync: inspect(sync).get_table_names())
            assert not [name for name in tables if name.startswith("slack_")]


async def test_a_downgrade_gives_slack_its_own_installations_back(storage_url: str) -> None:
    async with Database(storage_url) as database:
        async with database.write() as connection:
            await connection.run_sync(lambda sync: command.upgrade(migrate._config(sync), "0008"))
            for row in OLD_INSTALLATIONS:
                await connection.execute(text(row))
        await migrate.upgrade(database)
        async with database.write() as connection:
            await connection.execute(
                text(
                    f"INSERT INTO installations (platform, workspace, installed_at, {FILLED})"
                    f" SELECT 'other', workspace, installed_at, {FILLED} FROM installations"
                )
            )

        async with database.write() as connection:
            await connection.run_sync(lambda sync: command.downgrade(migrate._config(sync), "0008"))
            found = await connection.execute(
                text(
                    f"SELECT team, {INSTALLATION.replace('workspace_name', 'team_name')}"
                    " FROM slack_installations ORDER BY team"
                )
            )

            assert [tuple(row) for row in found] == KEPT
            assert (await connection.scalar(text("SELECT count(*) FROM slack_install_states"))) == 0
