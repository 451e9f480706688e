"""Jobs of Procrastinate, which carry work between processes on PostgreSQL: what is particular to them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from bots import wiring
from bots.cli.operations.queue import lines, show_queue
from core.domain import SettingRefused, TurnState
from core.storage.db import Database, listen_notify, migrate
from core.storage.db.listen_notify import conninfo
from core.storage.dispatch import schema
from core.storage.dispatch.jobs import QUEUE_BYTES, Jobs, announce, queue_of
from core.storage.operations.queue_view import queue_view
from core.storage.turns.intake import IntakeStore
from core.util.clock import utc_now
from tests.samples import ANA, DIRECT, said
from tests.stage import settings_for
from tests.test_dispatch_contract import Ground, ground
from tests.waiting import soon, until

procrastinate = pytest.importorskip("procrastinate")
psycopg = pytest.importorskip("psycopg")

NEVER_S = 3_600.0
JOBS = (
    "SELECT args->>'conversation_id' FROM procrastinate_jobs WHERE task_name = 'aivax_bots.take' ORDER BY id"
)

LEFT = """
UPDATE procrastinate_jobs SET status = 'doing', worker_id = (
    SELECT max(id) FROM procrastinate_workers WHERE procrastinate_jobs.args->>'conversation_id' = '1')
"""
"""As a process leaves its jobs that was killed: one by a worker that others removed from the list meanwhile."""


@pytest.fixture
async def database(postgres_url: str) -> AsyncIterator[Database]:
    """A migrated database whose work is told of by jobs, and nobody who takes them."""
    async with Database(postgres_url) as opened:
        await migrate.upgrade(opened)
        await schema.prepare(opened, schema.ENGINE)
        yield opened


async def asked(database: Database, *statements: str) -> list[Any]:
    """Run statements outside of any transaction; the first column of what the last one gives."""
    address = conninfo(database.url)
    async with await psycopg.AsyncConnection.connect(address, autocommit=True) as connection:
        for statement in statements:
            found = await connection.execute(statement)
        return [row[0] for row in await found.fetchall()] if found.description else []


async def conversation(database: Database) -> int:
    """One with a question in it, of which nobody was told."""
    async with IntakeStore(database, utc_now).transaction() as transaction:
        author = await transaction.identity_id(ANA)
        here = await transaction.find_or_open(DIRECT, author)
        await transaction.add_turn(here, author, "D-ana/1")
        return here


async def test_one_job_waits_for_a_conversation(database: Database) -> None:
    here = await conversation(database)
    for _ in range(3):
        async with database.write() as connection:
            await announce(connection, here, "fake")
    await Jobs(database).offer([here, here])

    assert await asked(database, JOBS) == [str(here)]


async def test_no_job_waits_for_what_a_process_looks_at_itself(database: Database) -> None:
    here = await conversation(database)
    async with database.write() as connection:
        await announce(connection, here, "fake", is_kept=True)

    assert await asked(database, JOBS) == []


async def test_what_a_process_kept_and_never_looked_at_is_found_by_the_others(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As if it had died between the commit and its look."""
    _switch_off(monkeypatch)
    async with ground("procrastinate", lambda _: postgres_url) as here:
        dying = here.workers[0].core
        await until("it to work", lambda: dying.pool.keep(0, "fake"))
        keep, kept = dying.pool.keep, list[bool]()
        monkeypatch.setattr(dying.pool, "keep", lambda *asked: kept.append(keep(*asked)) or kept[-1])
        monkeypatch.setattr(dying.pool, "notify", lambda _: None)
        await dying.intake.receive(said("hello"))
        await here.answered(1)

        assert (kept, here.shown()) == ([True], ["hello"])


async def test_a_job_at_work_does_not_keep_another_from_waiting(database: Database) -> None:
    here = await conversation(database)
    await Jobs(database).offer([here])
    await asked(database, "UPDATE procrastinate_jobs SET status = 'doing'")

    await Jobs(database).offer([here])

    assert await asked(database, JOBS) == [str(here)] * 2


async def test_what_is_rolled_back_leaves_no_job(database: Database) -> None:
    here = await conversation(database)

    async def fail() -> None:
        async with database.write() as connection:
            await announce(connection, here, "fake")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await fail()
    assert await asked(database, JOBS) == []


async def test_everything_is_answered_with_own_sweeps_and_notices_switched_off(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """But for the engine's periodic job, nothing looks at the rows by itself then."""
    _switch_off(monkeypatch)
    rooms = [replace(DIRECT, channel=f"D-{number}") for number in range(5)]
    async with ground("procrastinate", lambda _: postgres_url) as here:
        for text in ("one", "two", "three"):
            await asyncio.gather(*(here.say(text, at=room) for room in rooms))
        await here.answered(15)

        assert [here.shown(room) for room in rooms] == [["one", "two", "three"]] * 5
        await until("no job to be left", lambda: _no_jobs(here))


async def _no_jobs(here: Ground) -> bool:
    return not await here.rows(JOBS)


async def test_with_both_switched_off_rows_alone_reach_nobody(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So the test above can fail."""
    _switch_off(monkeypatch)
    never = partial(wiring.PoolSettings, sweep_interval_s=NEVER_S, idle_interval_s=NEVER_S)
    monkeypatch.setattr(wiring, "PoolSettings", never)
    async with ground("rows", lambda _: postgres_url) as here:
        for stage in here.workers:
            await stage.rest()
        await here.say("hello")

        for _ in range(20):
            assert await here.rows("SELECT state FROM turns") == [TurnState.QUEUED]
        for stage in here.workers:
            stage.core.pool.sweep_soon()
        await here.answered(1)


def _switch_off(monkeypatch: pytest.MonkeyPatch) -> None:
    async def deaf(*_: object) -> None:
        await asyncio.Event().wait()  # no deadline: until it is cancelled

    monkeypatch.setattr(listen_notify, "hear", deaf)
    monkeypatch.setattr(wiring, "CARRIED", {"sweep_interval_s": NEVER_S, "idle_interval_s": NEVER_S})


@pytest.mark.parametrize("ahead_h", [0, 1])
async def test_the_job_of_a_process_that_is_gone_is_taken_by_another(
    postgres_url: str, database: Database, monkeypatch: pytest.MonkeyPatch, ahead_h: int
) -> None:
    """One job is left `doing` by a worker that is known no more, another by one whose heart stands still.

    Whatever the clock says of the machine that takes them up: a job may not wait until the others' have come so far.
    """
    _switch_off(monkeypatch)
    monkeypatch.setattr(procrastinate.utils, "utcnow", lambda: utc_now() + timedelta(hours=ahead_h))
    worker = "INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now() - interval '1 hour')"
    async with ground("procrastinate", lambda _: postgres_url, workers=0) as here:
        for room in ("D-1", "D-2"):
            await here.say("hello", at=replace(DIRECT, channel=room))
    await asked(database, worker, LEFT)

    async with ground("procrastinate", lambda _: postgres_url, workers=1) as here:
        await here.answered(2)
        await until("no job to be left", lambda: _none_left(database))


async def _none_left(database: Database) -> bool:
    return not await asked(database, JOBS)


async def test_the_tables_are_brought_from_any_release_to_the_installed_one(postgres_url: str) -> None:
    known = schema.migrations()
    async with Database(postgres_url) as database:
        await migrate.upgrade(database)
        await _install_as_of(database, known[-4])
        reached = await schema.prepare(database, schema.ENGINE)

        here = await conversation(database)
        await Jobs(database).offer([here])

        assert reached == known[-1] == await schema.prepare(database, schema.ENGINE)
        assert await asked(database, JOBS) == [str(here)]


async def test_processes_that_start_together_install_the_tables_once(postgres_url: str) -> None:
    async def start() -> str:
        async with Database(postgres_url) as database:
            await migrate.upgrade(database)
            return await schema.prepare(database, schema.ENGINE)

    assert len(set(await asyncio.gather(*(start() for _ in range(4))))) == 1


@pytest.mark.parametrize(
    ("comment", "told"),
    [
        ("aivax-bots: 99.00.00_01_of_tomorrow.sql", "a newer one"),
        ("of a shop", "another program keeps its jobs"),
    ],
)
async def test_tables_that_are_not_ours_to_change_are_refused(
    database: Database, comment: str, told: str
) -> None:
    await asked(database, f"COMMENT ON TABLE procrastinate_jobs IS '{comment}'")

    with pytest.raises(SettingRefused, match=told) as refused:
        await schema.prepare(database, schema.ENGINE)

    assert refused.value.setting == "[storage] dispatch"
    assert 'set [storage] dispatch = "rows"' in refused.value.fix


async def test_sqlite_has_no_jobs(sqlite_url: str) -> None:
    async with Database(sqlite_url) as database:
        with pytest.raises(SettingRefused, match="needs PostgreSQL"):
            await schema.prepare(database, schema.ENGINE)
        assert await schema.prepare(database, "rows") == ""


async def test_without_the_library_the_way_to_it_is_told(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schema, "find_spec", lambda _: None)
    schema.migrations.cache_clear()
    with pytest.raises(SettingRefused, match="pip install"):
        await schema.prepare(database, schema.ENGINE)


@pytest.mark.parametrize("platform", ["slack", "é" * 40, "a" * 300])
async def test_any_platforms_name_makes_a_queue_that_can_be_listened_to(
    database: Database, platform: str
) -> None:
    here = await conversation(database)
    async with database.write() as connection:
        await announce(connection, here, platform)

    assert len(queue_of(platform).encode()) <= QUEUE_BYTES
    assert await asked(database, JOBS) == [str(here)]


async def _install_as_of(database: Database, last: str) -> None:
    """Apply the migrations up to one, as an older release of ours left them."""
    scripts = [
        (schema._sql() / "migrations" / name).read_text("utf-8")
        for name in schema.migrations()
        if name <= last
    ]
    mark = f"COMMENT ON TABLE procrastinate_jobs IS 'aivax-bots: {last}'"
    await asked(database, *scripts, mark)


async def test_queue_tells_what_waits_and_who_takes_jobs(
    postgres_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    async with ground("procrastinate", lambda _: postgres_url, workers=0) as here:
        settings = settings_for(postgres_url, here.sandbox, storage={"dispatch": "procrastinate"})
        await here.say("hello")
        capsys.readouterr()
        assert await show_queue(settings, as_json=True) == 0
        waiting = json.loads(capsys.readouterr().out)
    async with ground("procrastinate", lambda _: postgres_url, workers=1) as here:
        await here.answered(1)
        capsys.readouterr()
        await show_queue(settings, as_json=True)
        answered = json.loads(capsys.readouterr().out)
        await show_queue(settings, as_json=False)
        shown = capsys.readouterr().out

    assert (waiting["dispatch"], waiting["due"], waiting["jobs"]) == ("procrastinate", 1, {"todo": 1})
    assert waiting["lag_s"] > 0 == answered["lag_s"]
    assert (answered["due"], answered["running"], len(answered["takers"])) == (0, 0, 1)
    assert "Waiting   0 due" in shown
    assert "last heard of" in shown


async def test_a_stop_that_the_library_answers_by_an_error_is_one(database: Database) -> None:
    """As of a process that was frozen: it is on the list of workers no more, and can't end its jobs."""
    from core.turns.dispatch.job_worker import JobWorker

    begun = asyncio.Event()

    class Failing(JobWorker):
        async def _work(self) -> None:
            begun.set()
            try:
                await asyncio.Event().wait()  # no deadline: until it is cancelled
            except asyncio.CancelledError:
                raise procrastinate.exceptions.ConnectorException from None

    worker = asyncio.create_task(Failing(database, ["fake"], _NoPool(), stalled_after_s=1.0).run())
    await soon("it to work", begun.wait())
    worker.cancel()
    await soon("it to end", asyncio.wait([worker]))

    assert worker.cancelled()


class _NoPool:
    """A pool that nothing is brought to."""

    def __init__(self) -> None:
        self.freed = asyncio.Event()

    def room(self, platform: str) -> int:
        raise AssertionError

    async def take(self, conversation_id: int, within_s: float) -> bool:
        raise AssertionError

    async def sweep(self) -> None:
        raise AssertionError


async def test_queue_tells_of_workers_and_jobs_that_are_lost(
    database: Database,
) -> None:
    here = await conversation(database)
    await Jobs(database).offer([here])
    nobody = list(lines(await queue_view(database, database.now), "procrastinate"))
    await asked(
        database,
        "INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now() - interval '40 s')",
        "UPDATE procrastinate_jobs SET status = 'doing'",
    )
    lost = list(lines(await queue_view(database, database.now), "procrastinate"))
    unused = list(lines(await queue_view(database, database.now), "rows"))
    await asked(database, "DROP TABLE procrastinate_workers CASCADE")
    foreign = list(lines(await queue_view(database, database.now), "procrastinate"))

    assert any("no worker takes jobs" in line for line in nobody)
    assert any("silent for 40 s: others take its jobs up" in line for line in lost)
    assert any("1 at work with a worker that is gone" in line for line in lost)
    assert any("not needed with this dispatch" in line for line in unused)
    assert any("no tables yet" in line for line in foreign)


async def test_a_job_in_good_hands_is_not_offered_to_others_and_one_of_a_silent_worker_is(
    database: Database,
) -> None:
    here = await conversation(database)
    jobs = Jobs(database, alive_s=15.0)
    await jobs.offer([here])
    await asked(
        database,
        "INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now())",
        "UPDATE procrastinate_jobs SET status = 'doing', worker_id = (SELECT max(id) FROM procrastinate_workers)",
    )
    await jobs.offer([here])
    assert await asked(database, JOBS) == [str(here)]
    await asked(database, "UPDATE procrastinate_workers SET last_heartbeat = now() - interval '20 s'")
    await jobs.offer([here])
    assert await asked(database, JOBS) == [str(here)] * 2


async def test_a_full_worker_hands_a_job_on_though_it_is_at_work(database: Database) -> None:
    here = await conversation(database)
    jobs = Jobs(database)
    await jobs.offer([here])
    await asked(
        database,
        "INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now())",
        "UPDATE procrastinate_jobs SET status = 'doing', worker_id = (SELECT max(id) FROM procrastinate_workers)",
    )
    await jobs.hand_on(here)

    assert await asked(database, JOBS) == [str(here)] * 2


async def test_queue_tells_of_owners_and_leases_without_jobs(
    database: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    await conversation(database)
    await asked(
        database,
        "DROP TABLE procrastinate_jobs CASCADE",
        "UPDATE turns SET state = 'running', owner = 'gone-1', lease_until = now() - interval '7 s'",
    )
    seen = await queue_view(database, database.now)

    assert (seen.jobs, seen.takers, seen.lag_s) == (None, [], 0.0)
    (line,) = [line for line in lines(seen, "rows") if "gone-1" in line]
    assert "silent: lost 7 s ago" in line
