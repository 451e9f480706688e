"""Jobs of Procrastinate, several in one statement: what a worker of the library is given, and what it costs."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from tests.waiting import ended, soon, until

pytest.importorskip("procrastinate")

from procrastinate.connector import BaseConnector
from procrastinate.jobs import Job, Status

from core.turns.dispatch import job_batches
from core.turns.dispatch.job_batches import AT_ONCE, JobBatches

QUEUES, WORKER = ["fake", "sweep"], 7
NEVER_S = 3_600.0


class Jobs(BaseConnector):
    """A table of jobs of "fake", and what it was asked; and how many can be carried out."""

    def __init__(self, *waiting: int) -> None:
        self.waiting = list(waiting)
        self.room = AT_ONCE
        self.news = asyncio.Event()
        self.asked: list[dict[str, Any]] = []
        self.meanwhile: Callable[[], Any] | None = None
        """Happens once, after a statement saw the table and before its answer came."""
        self._heard: Any = None
        self.listening = asyncio.Event()

    async def execute_query_all_async(self, query: str, **arguments: Any) -> list[dict[str, Any]]:
        self.asked.append(arguments)
        most = arguments["most"] if "fake" in arguments["queues"] else 0
        found, self.waiting = self.waiting[:most], self.waiting[most:]
        meanwhile, self.meanwhile = self.meanwhile, None
        if meanwhile is not None:
            await meanwhile()
        return [self._row(number) for number in reversed(found)]

    async def listen_notify(self, on_notification: Any, channels: Any) -> None:
        self._heard = on_notification
        self.listening.set()
        await asyncio.Event().wait()  # no deadline: until it is cancelled

    async def add(self, number: int) -> None:
        self.waiting.append(number)
        if self._heard is not None:
            channel = "procrastinate_queue_v1#fake"
            await self._heard(channel=channel, payload=json.dumps({"type": "job_inserted", "job_id": number}))

    def batches(self, look_every_s: float = NEVER_S) -> JobBatches:
        def room(queue: str) -> int:
            return self.room if queue == "fake" else AT_ONCE

        return JobBatches(self, room=room, news=self.news, look_every_s=look_every_s)

    def _row(self, number: int) -> dict[str, Any]:
        row = dict.fromkeys(("lock", "queueing_lock", "scheduled_at"))
        named = {"task_name": "take", "queue_name": "fake", "args": {}, "status": "doing"}
        return {**row, **named, "id": number, "priority": 0, "attempts": 0, "worker_id": WORKER}


@asynccontextmanager
async def listening(table: Jobs) -> AsyncIterator[JobBatches]:
    async def heard(**_: Any) -> None:
        """The worker of the library wakes."""

    batches = table.batches()
    task = asyncio.create_task(batches.listen_for_jobs(on_notification=heard, queues=QUEUES))
    try:
        await soon("it to listen", table.listening.wait())
        yield batches
    finally:
        task.cancel()
        await ended(task)


async def fetched(batches: JobBatches) -> int | None:
    job = await soon("an answer", batches.fetch_job(QUEUES, WORKER))
    return None if job is None else job.id


def done(batches: JobBatches, number: int) -> asyncio.Task[None]:
    job = Job(id=number, queue="fake", lock=None, queueing_lock=None, task_name="take", worker_id=WORKER)
    return asyncio.create_task(batches.finish_job(job, Status.SUCCEEDED, delete_job=True))


async def test_jobs_that_wait_are_taken_together_in_their_order() -> None:
    table = Jobs(1, 2)
    async with listening(table) as batches:
        assert [await fetched(batches) for _ in range(3)] == [1, 2, None]

    assert len(table.asked) == 1


async def test_the_look_after_the_last_one_asks_again() -> None:
    table = Jobs(1)
    async with listening(table) as batches:
        assert [await fetched(batches) for _ in range(2)] == [1, None]
        table.waiting.append(2)

        assert await fetched(batches) == 2


async def test_a_job_that_came_while_others_were_looked_for_is_not_left_waiting() -> None:
    table = Jobs()
    async with listening(table) as batches:
        table.meanwhile = lambda: table.add(1)

        assert await fetched(batches) == 1


async def test_a_job_that_is_told_of_after_the_last_one_was_taken_is_asked_for() -> None:
    table = Jobs(1)
    async with listening(table) as batches:
        assert await fetched(batches) == 1
        await table.add(2)

        assert await fetched(batches) == 2


async def test_who_hears_of_no_job_asks_until_there_is_none() -> None:
    table = Jobs(1)
    batches = table.batches()
    assert await fetched(batches) == 1
    table.waiting.append(2)

    assert [await fetched(batches) for _ in range(2)] == [2, None]


async def test_no_more_are_taken_than_are_at_work_at_once() -> None:
    table = Jobs(*range(1, AT_ONCE + 2))
    async with listening(table) as batches:
        assert [await fetched(batches) for _ in range(AT_ONCE)] == [*range(1, AT_ONCE + 1)]
        more = asyncio.create_task(fetched(batches))
        await asyncio.sleep(0)
        assert len(table.asked) == 1
        ending = done(batches, 1)

        assert await soon("the next", more) == AT_ONCE + 1
        await soon("the end", ending)


async def test_what_has_ended_is_deleted_with_the_next_fetch() -> None:
    table = Jobs(1, 2)
    async with listening(table) as batches:
        assert [await fetched(batches) for _ in range(3)] == [1, 2, None]
        ending = [done(batches, 1), done(batches, 2)]
        await asyncio.sleep(0)
        await table.add(3)
        assert await fetched(batches) == 3
        await soon("the end of both", asyncio.wait(ending))

    assert [each["ended"] for each in table.asked] == [[], [1, 2]]


async def test_what_has_ended_is_deleted_though_nothing_is_fetched(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(job_batches, "ENDED_WITHIN_S", 0.0)
    table = Jobs(1)
    async with listening(table) as batches:
        assert await fetched(batches) == 1
        await soon("the end", done(batches, 1))

    assert (table.asked[-1]["ended"], table.asked[-1]["most"]) == ([1], 0)


async def test_none_is_taken_that_would_have_to_wait_for_a_place() -> None:
    table = Jobs(1, 2, 3)
    table.room = 0
    async with listening(table) as batches:
        next_one = asyncio.create_task(fetched(batches))
        await until("it to look for other jobs", lambda: table.asked)
        await table.add(4)
        table.room = 2
        table.news.set()
        found = await soon("a job", next_one), await fetched(batches)

    assert found == (1, 2)
    assert [(each["queues"], each["most"]) for each in table.asked] == [(["sweep"], AT_ONCE), (QUEUES, 2)]


async def test_a_place_that_becomes_free_is_given_what_waits_though_other_jobs_were_all_taken() -> None:
    table = Jobs()
    table.room = 0
    async with listening(table) as batches:
        next_one = asyncio.create_task(fetched(batches))
        for number in range(1, 4):
            await until("it to look for other jobs", lambda number=number: len(table.asked) == number)  # type: ignore[misc]
            table.news.set()  # a place, which somebody else has at once
        await table.add(1)
        table.room = 1
        table.news.set()

        assert await soon("a job", next_one) == 1


async def test_without_a_place_other_jobs_are_looked_for_every_so_often() -> None:
    table = Jobs(1)
    table.room = 0
    next_one = asyncio.create_task(fetched(table.batches(look_every_s=0.0)))
    await until("it to look several times", lambda: len(table.asked) > 3)
    table.room = 1

    assert await soon("a job", next_one) == 1
