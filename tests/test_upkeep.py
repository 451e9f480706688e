"""What is done once for all processes on one PostgreSQL, and who does it when its holder dies or freezes."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from core.admission.account import AccountWatch
from core.operations.upkeep import MARGIN, Leadership
from core.storage.db import Database
from core.storage.ops.cluster_lease import AccountReading, ClusterLease
from core.util.clock import utc_now
from sandbox.server import serve
from tests.cluster import cluster
from tests.platforms.discord import FakeDiscord
from tests.platforms.slack import FakeSlack
from tests.samples import WallClock
from tests.stage import staged
from tests.town import Bot, Town
from tests.waiting import until

LEASE_S = 20.0
BALANCE = "/api/v1/information/balance"


class Process:
    """One of several, with an uptime of its own on the machine that all are on."""

    def __init__(self, database: Database, clock: WallClock, name: str) -> None:
        self._clock = clock
        self.heard: list[AccountReading] = []
        self.reading = AccountReading()
        self.lease = ClusterLease(database, clock, name, lease_s=LEASE_S)
        self.leadership = Leadership(self.lease, self, self.uptime)

    def hear(self, told: AccountReading) -> None:
        self.heard.append(told)

    def uptime(self) -> float:
        return self._clock().timestamp()

    async def look(self) -> bool:
        """What it does every few seconds; whether it leads then."""
        await self.leadership.look(self.lease)
        return self.leadership.leads


@pytest.fixture
def clock() -> WallClock:
    return WallClock()


async def test_one_process_leads_and_another_takes_over_once_its_lease_ran_out(
    database: Database, clock: WallClock
) -> None:
    processes = [Process(database, clock, name) for name in ("one", "two", "three")]
    assert [await each.look() for each in processes] == [True, False, False]
    clock.advance(seconds=LEASE_S / 2)
    assert [await each.look() for each in processes] == [True, False, False]

    clock.advance(seconds=LEASE_S + 1)  # the first one is dead
    assert [await each.look() for each in processes[1:]] == [True, False]


async def test_of_processes_that_look_at_one_instant_one_leads(database: Database, clock: WallClock) -> None:
    processes = [Process(database, clock, f"p{number}") for number in range(6)]

    assert sum(await asyncio.gather(*(each.look() for each in processes))) == 1

    clock.advance(seconds=LEASE_S + 1)
    leads = await asyncio.gather(*(each.look() for each in processes))
    assert sum(leads) == 1


async def test_a_holder_that_was_frozen_knows_that_its_time_is_over_before_it_asks(
    database: Database, clock: WallClock
) -> None:
    frozen, other = Process(database, clock, "frozen"), Process(database, clock, "other")
    assert await frozen.look()

    clock.advance(seconds=MARGIN * LEASE_S + 0.1)
    assert not frozen.leadership.leads
    clock.advance(seconds=LEASE_S)
    assert await other.look()
    assert not await frozen.look()
    await frozen.lease.give_back()
    assert not await frozen.lease.renew(AccountReading())
    assert await other.look()


async def test_a_process_that_ends_gives_its_lease_back(database: Database, clock: WallClock) -> None:
    ending, other = Process(database, clock, "ending"), Process(database, clock, "other")
    assert await ending.look()
    running = asyncio.create_task(ending.leadership.run())
    await asyncio.sleep(0)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)

    assert await other.look()
    assert not ending.leadership.leads


async def test_what_the_holder_read_of_the_account_reaches_the_others(
    database: Database, clock: WallClock
) -> None:
    holder, other = Process(database, clock, "holder"), Process(database, clock, "other")
    await holder.look()
    holder.reading = AccountReading(3.5, 0.25)
    await holder.look()

    assert not await other.look()
    assert other.heard[-1] == AccountReading(3.5, 0.25)


async def nothing() -> None:
    """What an account tells that nobody asks."""


async def test_alone_on_a_file_a_process_leads_without_asking(sqlite_url: str) -> None:
    alone = Leadership(None, AccountWatch(nothing, utc_now))
    await alone.begin()
    await alone.run()
    assert alone.leads

    async with staged(sqlite_url) as stage:
        assert await stage.rows("SELECT count(*) FROM cluster_leases") == [0]


async def test_three_processes_read_the_account_as_often_as_one(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.admission.prober.LOOK_EVERY_S", 0.02)
    monkeypatch.setattr("core.admission.prober.IDLE_EVERY_S", 0.02)
    monkeypatch.setattr("bots.wiring.UPKEEP_LEASE_S", 1e6)
    sections: dict[str, Any] = {
        "operators": {"balance_thresholds": [1.0]},
        "limits": {"requests_per_minute": 0},
        "storage": {"url": postgres_url, "worker_lost_after_s": 1e6},
    }
    clock = WallClock()
    async with serve(plan="max", balance=50) as sandbox, AsyncExitStack() as stack:

        def is_read(times: int) -> bool:
            return sandbox.state.calls.paths().count(BALANCE) == times

        accounts = []
        for _ in range(3):
            stage = await stack.enter_async_context(
                staged(postgres_url, sandbox=sandbox, now=clock, **sections)
            )
            accounts.append(stage.core.admitting.account)
        (reader,) = await until(
            "a reading", lambda: [each for each in accounts if each.balance_usd is not None]
        )
        for reading in (2, 3, 4):
            clock.advance(seconds=301)
            await until("one more reading", partial(is_read, reading))
            await reader.read()  # which asks for nothing, but waits for the answer

        assert is_read(4)


# Processes of their own

SHORT = "worker_lost_after_s = 2"


@pytest.fixture
async def town(postgres_url: str) -> AsyncIterator[Town]:
    async with FakeSlack() as slack, FakeDiscord() as discord, serve(plan="max", balance=50) as sandbox:
        yield Town(slack, discord, sandbox, postgres_url)


def leader(workers: list[Bot]) -> Bot | None:
    """The one that said last that it leads, and not since that it does no more."""
    for worker in workers:
        told = [line for line in worker.log if "upkeep.taken" in line or "upkeep.lost" in line]
        if told and "upkeep.taken" in told[-1]:
            return worker
    return None


@pytest.mark.long
async def test_of_three_processes_one_leads_and_is_replaced_when_it_is_killed_or_frozen(
    town: Town, tmp_path: Path
) -> None:
    async with cluster(town, tmp_path, workers=3, storage=SHORT) as processes:
        workers = list(processes.workers)
        killed = await until("a leader", lambda: leader(workers))
        workers.remove(killed)
        assert leader(workers) is None
        killed.process.kill()

        frozen = await until("another leader", lambda: leader(workers), 30)
        workers.remove(frozen)
        frozen.process.send_signal(signal.SIGSTOP)
        try:
            last = await until("a third leader", lambda: leader(workers), 30)
        finally:
            frozen.process.send_signal(signal.SIGCONT)
        await frozen.says("upkeep.lost")
        assert leader([last, frozen]) is last
        assert "still there" in await town.ask_on_slack("still there")
