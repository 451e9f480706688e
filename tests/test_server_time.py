"""Rows are dated and compared by the database's time: machines whose clocks are wrong do no harm."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import make_url

from core.storage.db import Database
from core.storage.db.postgresql.clock import MEASURE_EVERY_S, ServerClock
from sandbox.faults import Fault
from sandbox.server import serve
from tests.cluster import cluster
from tests.platforms.discord import FakeDiscord
from tests.platforms.slack import FakeSlack
from tests.town import ENVIRONMENT, Town
from tests.waiting import soon, until

LIBRARY = next(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"), None)
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def faked(test: Any) -> Any:
    """Mark a test that needs libfaketime."""
    skipped = pytest.mark.skipif(LIBRARY is None, reason="libfaketime is not installed")
    return pytest.mark.may_skip("libfaketime may not be installed")(skipped(test))


def off_by(hours: int) -> dict[str, str]:
    """What has a process take the time of day for so much later."""
    return {
        "LD_PRELOAD": str(LIBRARY),
        "FAKETIME": f"{hours * 3600:+d}s",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }


class Uptime:
    """A clock that only goes forward, by hand."""

    def __init__(self) -> None:
        self.seconds = 500.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
async def town(postgres_url: str) -> AsyncIterator[Town]:
    async with (
        FakeSlack() as slack,
        FakeDiscord() as discord,
        serve(plan="max", tokens_per_s=200) as sandbox,
    ):
        yield Town(slack, discord, sandbox, postgres_url)


def asked(url: str, query: str) -> Any:
    """What the database says, by its own clock."""
    address = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(address) as connection:
        row = connection.execute(query.encode()).fetchone()
        return row and row[0]


@pytest.mark.long
@faked
async def test_workers_two_hours_apart_take_over_what_is_left_and_nothing_else(
    town: Town, postgres_url: str, tmp_path: Path
) -> None:
    lease = "worker_lost_after_s = 3"
    async with cluster(town, tmp_path, storage=lease, environments=[off_by(-1), off_by(1)]) as processes:
        assert "Paragraph" in str(await town.ask_on_slack("long 3000"))  # over several sweeps and renewals
        assert asked(postgres_url, "SELECT max(attempt) FROM turns") == 1
        dated = "SELECT count(*) FROM turns WHERE abs(extract(epoch FROM now() - created_at)) > 600"
        assert asked(postgres_url, dated) == 0

        town.sandbox.state.faults.add(Fault("completions", "status", status=503, times=1_000))
        people = [town.slack.person(name) for name in ("cleo", "dora")]
        for person in people:
            await town.slack.say(person, town.slack.dm(person), "a number 7")
        due = "SELECT extract(epoch FROM retry_at - now()) FROM breakers"
        wait_s = await until("an open breaker", lambda: asked(postgres_url, due))
        assert -60 < wait_s < 600

        for worker in processes.workers:  # whoever opened it, the other one probes it
            if any("breaker.tripped" in line for line in worker.log):
                worker.process.kill()
                break
        town.sandbox.state.faults.clear()
        for person in people:
            room = town.slack.dm(person)
            await town.slack.until(
                lambda room=room: any(
                    "a number 7" in each.text for each in town.slack.visible(room) if each.is_bot
                )
            )


@faked
async def test_doctor_tells_how_far_the_clocks_are_apart(postgres_url: str, tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text(f'[storage]\nurl = "{postgres_url}"\n')
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bots", "doctor", "--json"),
        cwd=tmp_path,
        env={**ENVIRONMENT, **off_by(1)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, _ = await soon("doctor", process.communicate())

    found = {each["check"]: each for each in json.loads(out)["checks"]}
    assert found["database.clock"]["state"] == "warning"
    assert "36" in found["database.clock"]["cause"]
    assert "ahead" in found["database.clock"]["cause"]


async def test_a_machines_own_clock_counts_for_nothing_once_the_servers_is_known(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with Database(postgres_url) as database:
        await database.learn_time()
        monkeypatch.setattr("core.storage.db.engine.utc_now", lambda: NOON)
        told = datetime.fromtimestamp(float(asked(postgres_url, "SELECT extract(epoch FROM now())")), UTC)

        assert abs(database.now() - told) < timedelta(seconds=30)


async def test_a_file_goes_by_the_machines_clock(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.storage.db.engine.utc_now", lambda: NOON)
    async with Database(sqlite_url) as database:
        await database.learn_time()

        assert database.now() == NOON


def test_time_goes_on_between_two_measurements() -> None:
    uptime = Uptime()
    clock = ServerClock(uptime)
    clock.note(NOON, asked_at=uptime())
    uptime.seconds += 30

    assert clock.now() == NOON + timedelta(seconds=30)


def test_a_slow_answer_moves_the_clock_no_further_than_it_must() -> None:
    uptime = Uptime()
    clock = ServerClock(uptime)
    clock.note(NOON, asked_at=uptime())

    began = uptime()
    uptime.seconds += 8  # the server may have looked at its clock at any moment of them
    clock.note(NOON + timedelta(seconds=6), asked_at=began)
    assert clock.now() == NOON + timedelta(seconds=8)

    began = uptime()
    uptime.seconds += 2
    clock.note(NOON + timedelta(seconds=100), asked_at=began)
    assert clock.now() == NOON + timedelta(seconds=100)


def test_a_measurement_grows_old() -> None:
    uptime = Uptime()
    clock = ServerClock(uptime, lambda: NOON)
    assert clock.is_stale
    assert clock.now() == NOON

    clock.note(NOON, asked_at=uptime())
    assert not clock.is_stale
    uptime.seconds += MEASURE_EVERY_S + 1
    assert clock.is_stale
