"""A connection pooler in transaction mode between the bot and PostgreSQL: a real PgBouncer, with two connections."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import text

from bots.doctor.server import server_findings
from core.domain import DatabaseUnreachable, SettingRefused
from core.domain.checks import CheckState
from core.settings import StorageSettings
from core.storage.db import Database, Reach, parse_url
from sandbox.server import serve
from tests.cluster import all_answered, ask_at_once, assert_once, cluster
from tests.pgbouncer import PgBouncer, bouncing, pooled
from tests.platforms.discord import FakeDiscord
from tests.platforms.slack import FakeSlack
from tests.town import Town
from tests.waiting import until

ASKS = 12
"""More often than psycopg runs a statement before it prepares it."""


@pytest.fixture
async def bouncer(postgres_server: str, unused_tcp_port: int) -> AsyncIterator[PgBouncer]:
    with bouncing(postgres_server, unused_tcp_port) as opened:
        await opened.is_up()
        yield opened


@pytest.fixture
def pooled_url(bouncer: PgBouncer, postgres_url: str) -> str:
    return bouncer.url_of(postgres_url)


@pytest.fixture
async def town(pooled_url: str) -> AsyncIterator[Town]:
    async with FakeSlack() as slack, FakeDiscord() as discord, serve(plan="max") as sandbox:
        yield Town(slack, discord, sandbox, pooled_url)


@pytest.mark.long
@pooled
async def test_a_pooler_that_nobody_declared_is_told_of_once_and_every_message_is_answered_once(
    town: Town, tmp_path: Path
) -> None:
    async with cluster(town, tmp_path) as processes:
        asked = await ask_at_once(town, "undeclared")
        await all_answered(town, asked)

        assert_once(town, asked)
        for bot in (processes.listener, *processes.workers):
            await bot.stop()
            assert sum("database.pooler_found" in line for line in bot.log) == 1
            assert not any("prepared statement" in line for line in bot.log)


@pytest.mark.long
@pooled
async def test_a_pooler_that_restarts_between_questions_and_answers_costs_none_and_doubles_none(
    town: Town, bouncer: PgBouncer, postgres_url: str, tmp_path: Path
) -> None:
    storage = f'pooler = true\ndirect_url = "{postgres_url}"\nworker_lost_after_s = 2'
    async with cluster(town, tmp_path, storage=storage) as processes:
        asked = await ask_at_once(town, "before")
        bouncer.stop()
        bouncer.start()
        await bouncer.is_up()
        await all_answered(town, asked)
        after = await ask_at_once(town, "after")
        await all_answered(town, after)

        assert_once(town, asked, in_order=False)
        assert_once(town, after)
        for bot in (processes.listener, *processes.workers):
            await bot.stop()
            assert not any("database.pooler_found" in line for line in bot.log)


async def asked_at_once(database: Database) -> set[int]:
    """Ask the same on several connections, more often than it takes to have it prepared."""

    async def ask() -> int:
        async with database.read() as connection:
            return int((await connection.execute(text("SELECT count(*) FROM pg_class"))).scalar_one())

    return {await each for _ in range(ASKS) for each in [asyncio.create_task(ask()) for _ in range(4)]}


@pytest.mark.parametrize("mode", ["transaction", "session"])
@pytest.mark.parametrize("reach", [Reach(), Reach(has_pooler=True)], ids=["undeclared", "declared"])
@pooled
async def test_behind_a_pooler_no_statement_is_prepared_and_nobody_listens(
    postgres_server: str, postgres_url: str, unused_tcp_port: int, mode: str, reach: Reach
) -> None:
    with bouncing(postgres_server, unused_tcp_port, mode=mode, pool_size=4) as bouncer:
        await bouncer.is_up()
        async with Database(bouncer.url_of(postgres_url), reach=reach) as database:
            assert len(await asked_at_once(database)) == 1

            assert database.server is not None
            assert database.server.is_pooled
            assert database.server.listening_url is None


async def test_a_server_itself_is_taken_for_no_pooler(postgres_url: str) -> None:
    async with Database(postgres_url) as database:
        await asked_at_once(database)

        assert database.server is not None
        assert not database.server.is_pooled
        assert database.server.listening_url == database.url
        async with database.read() as connection:
            prepared = await connection.execute(text("SELECT count(*) FROM pg_prepared_statements"))
            assert prepared.scalar_one() > 0


@pooled
async def test_who_prepares_by_the_address_is_obeyed(postgres_url: str, bouncer: PgBouncer) -> None:
    direct, through = f"{postgres_url}&prepare_threshold=none", bouncer.url_of(postgres_url)
    async with Database(direct) as database:
        await asked_at_once(database)
        async with database.read() as connection:
            prepared = await connection.execute(text("SELECT count(*) FROM pg_prepared_statements"))
            assert prepared.scalar_one() == 0

    async with (
        Database(f"{through}?prepare_threshold=0", reach=Reach(has_pooler=True)) as database,
        database.read() as connection,
    ):
        await connection.execute(text("SELECT 1"))
        prepared = await connection.execute(text("SELECT count(*) FROM pg_prepared_statements"))
        assert prepared.scalar_one() > 0


@pytest.mark.parametrize(
    ("option", "told"),
    [
        ("prepare_threshold=often", "whole number"),
        ("autocommit=true", "does not know"),
        ("sslmod=require", "does not know"),
        ("connect_timeout=soon", "whole number"),
        ("sslmode=require&sslmode=disable", "once"),
    ],
)
def test_an_option_of_the_address_that_can_not_be_used_is_named(option: str, told: str) -> None:
    with pytest.raises(SettingRefused, match=told) as caught:
        parse_url(f"postgresql://bot:hunter2@db/bots?{option}")

    assert f"?{option.partition('=')[0]}=" in str(caught.value)
    assert "hunter2" not in str(caught.value)


def test_an_address_is_given_to_the_programs_of_postgresql_without_what_only_the_driver_knows() -> None:
    url = parse_url("postgresql://bot@db/bots?prepare_threshold=0&sslmode=require")

    assert url.query == {"sslmode": "require"}


@pooled
async def test_doctor_tells_of_the_pooler_and_whether_the_direct_address_leads_past_it(
    pooled_url: str, postgres_url: str, postgres_server: str
) -> None:
    async def findings(**settings: object) -> list[tuple[CheckState, str]]:
        async with Database(pooled_url) as database, database.read():
            given = StorageSettings.model_validate({"url": pooled_url, **settings})
            found = await server_findings(database, given)
            return [(each.state, each.cause) for each in found if each.check == "database.pooler"]

    assert [level for level, _ in await findings()] == [CheckState.WARNING, CheckState.OK]
    assert "every 1 s" in (await findings(pooler=True))[0][1]
    ((level, told),) = await findings(pooler=True, direct_url=postgres_url)
    assert (level, "leads past" in told) == (CheckState.OK, True)
    ((level, told),) = await findings(pooler=True, direct_url=postgres_server)
    assert (level, "another database" in told) == (CheckState.FAILED, True)
    ((level, _),) = await findings(pooler=True, direct_url=pooled_url)
    assert level is CheckState.WARNING


@pooled
async def test_a_pooler_that_is_away_is_a_database_that_is_away(bouncer: PgBouncer, pooled_url: str) -> None:
    async with Database(pooled_url) as database:
        await asked_at_once(database)
        bouncer.stop()
        with pytest.raises(DatabaseUnreachable) as caught:
            await asked_at_once(database)
        assert caught.value.passes

        bouncer.start()

        async def is_back() -> bool:
            try:
                return bool(await asked_at_once(database))
            except DatabaseUnreachable:
                return False

        await until("the pooler", is_back)
