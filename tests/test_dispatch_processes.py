"""Dispatch between real processes, by rows and by jobs: workers that die and freeze, and a pooler between."""

from __future__ import annotations

import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from sandbox.server import serve
from tests.cluster import all_answered, ask_at_once, assert_once, cluster
from tests.pgbouncer import bouncing, pooled
from tests.platforms.discord import FakeDiscord
from tests.platforms.slack import FakeSlack
from tests.town import Town

BY_JOBS = 'dispatch = "procrastinate"\n'
DISPATCHES = pytest.mark.parametrize("dispatch", ["rows", "procrastinate"])


@pytest.fixture
async def town(postgres_url: str) -> AsyncIterator[Town]:
    async with FakeSlack() as slack, FakeDiscord() as discord, serve(plan="max") as sandbox:
        yield Town(slack, discord, sandbox, postgres_url)


@pytest.mark.long
@DISPATCHES
async def test_a_worker_that_dies_and_one_that_freezes_cost_no_answer(
    town: Town, tmp_path: Path, dispatch: str
) -> None:
    storage = f'dispatch = "{dispatch}"\nworker_lost_after_s = 1\n'
    async with cluster(town, tmp_path, workers=3, storage=storage) as processes:
        dying, freezing, _ = processes.workers
        asked = await ask_at_once(town, "struck")
        dying.process.send_signal(signal.SIGKILL)
        freezing.process.send_signal(signal.SIGSTOP)
        await all_answered(town, asked)
        freezing.process.send_signal(signal.SIGCONT)
        later = await ask_at_once(town, "later", people=1)
        await all_answered(town, later)

        assert_once(town, {**asked, **later})


@pytest.mark.long
@pooled
async def test_jobs_reach_workers_through_a_pooler_that_passes_no_notice_on(
    town: Town, tmp_path: Path, postgres_server: str, postgres_url: str, unused_tcp_port: int
) -> None:
    with bouncing(postgres_server, unused_tcp_port, pool_size=4) as bouncer:
        await bouncer.is_up()
        town = Town(town.slack, town.discord, town.sandbox, bouncer.url_of(postgres_url))
        async with cluster(town, tmp_path, storage=BY_JOBS + "pooler = true\npoll_interval_s = 0.2\n"):
            asked = await ask_at_once(town, "pooled")
            await all_answered(town, asked)

            assert_once(town, asked)
