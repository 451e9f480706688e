"""Whatever fails, for a while, at random: nothing is lost, all heals by itself, and the process stays."""

from __future__ import annotations

import asyncio
import contextlib
import time
from pathlib import Path

import pytest

from tests.soak.crowd import places
from tests.soak.databases import own_postgres, small_disk
from tests.soak.ground import Ground, amount, open_ground, say
from tests.soak.talk import Verdict
from tests.soak.troublemaker import Trouble, Troublemaker, of_aivax, of_discord, of_slack

IMPATIENT = "first_event_timeout_s = 3\nidle_timeout_s = 3\nretry_budget_s = 5"
OPEN_AT_MOST = 25


async def troubled(ground: Ground, seconds: float, of_database: dict[str, Trouble]) -> Verdict:
    """Make trouble for so long while a crowd talks; then let all heal, and judge."""
    ground.configure(attempts=20, aivax=IMPATIENT)
    ground.invite(places(ground.town, each=4))
    town, chance, began = ground.town, ground.chance, time.monotonic()
    bot = await ground.start()
    await ground.ready()
    platforms = [of_slack(town.slack, chance), of_discord(town.discord, chance)]
    troublemaker = Troublemaker(chance, [*platforms, of_aivax(town, chance), of_database])
    talking = asyncio.create_task(_talk(ground))
    try:
        await troublemaker.work(seconds, most_pause_s=1.5)
    finally:
        talking.cancel()
    town.slack.heal()
    town.discord.rest.faults.clear()
    town.sandbox.state.faults.clear()
    prober = time.monotonic()
    await ground.settled(all_heard=True)
    healed_s = time.monotonic() - prober
    assert bot.runs
    assert await bot.stop() == 0
    verdict = await ground.verdict(may_apologise=True, all_heard=True)
    made = troublemaker.made
    await ground.report(
        verdict,
        f"{made.total()} troubles in {prober - began:.0f} s, all healed {healed_s:.0f} s later; no exit",
        "; ".join(f"{name} {count}" for name, count in sorted(made.items())),
    )
    return verdict


async def _talk(ground: Ground) -> None:
    while True:  # no deadline: until it is cancelled
        with contextlib.suppress(Exception):  # the database is away
            if await ground.records.open_turns() < OPEN_AT_MOST:
                await ground.crowd.ask_something()
        await asyncio.sleep(ground.chance.uniform(0, 0.4))


@pytest.mark.soak
async def test_faults_on_postgresql_heal(tmp_path: Path) -> None:
    with own_postgres() as postgres:
        async with open_ground(tmp_path, postgres.url) as ground:
            database: dict[str, Trouble] = {
                "PostgreSQL: connections ended": postgres.terminate,
                "PostgreSQL: connections ended again": postgres.terminate,
                "PostgreSQL: restarted": lambda: postgres.restart("fast"),
                "PostgreSQL: crashed": lambda: postgres.restart("immediate"),
            }
            verdict = await troubled(ground, amount("SOAK_SECONDS", 120), database)

    assert verdict.faults == []


@pytest.mark.soak
@pytest.mark.may_skip("a disk can be mounted by root only")
async def test_faults_on_sqlite_heal(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", megabytes=24) as disk:
        if disk is None:
            pytest.skip("no disk can be mounted here")
        async with open_ground(tmp_path, f"sqlite+aiosqlite:///{disk.folder}/bot.sqlite3") as ground:
            database: dict[str, Trouble] = {
                "SQLite: disk full": lambda: disk.fill_for(ground.chance.uniform(0.5, 6)),
            }
            verdict = await troubled(ground, amount("SOAK_SECONDS", 120), database)
            say(f"the database's file: {(disk.folder / 'bot.sqlite3').stat().st_size // 1024} KiB")

    assert verdict.faults == []
