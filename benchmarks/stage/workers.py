"""Questions on Discord that wait for workers of the whole bot, and how many a second so many of them answer."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass

from sqlalchemy import select, update

from benchmarks.row import Bench
from core.storage.db import Database, conversations, turns
from core.storage.dispatch.jobs import announce

from .contest import on_discord, ours
from .platforms import OnDiscord, answered
from .programs import WITHIN_S, Gateway, Program, together

JOBS = "procrastinate"
ENDED = "SELECT count(*) FROM turns WHERE ended_at IS NOT NULL"
RATE = "SELECT count(*) / extract(epoch FROM max(ended_at) - min(started_at)) FROM turns"


@dataclass(frozen=True, slots=True)
class Answered:
    """How fast questions that waited were answered, and what that took beside the workers."""

    count: int
    a_second: float
    """From the first claim to the last end."""
    calls: Counter[str]
    """Calls to Discord by route, of all answers."""
    stage_cores: float
    """The part of a core that the process which measures took, Discord in it."""


@dataclass(frozen=True, slots=True)
class Backlog:
    """Questions that wait in a database, on Discord, one in each channel."""

    bench: Bench
    aivax: Gateway
    way: OnDiscord
    url: str
    dispatch: str
    count: int

    def listener(self) -> AbstractAsyncContextManager[Program]:
        """A process that takes questions in and answers none."""
        more, folder = f'dispatch = "{self.dispatch}"\n', self.bench.folder / "listener"
        return ours(self.way, self.aivax, folder, "--role", "listen", storage=self.url, more=more)

    def workers(self, *sections: str) -> AbstractAsyncContextManager[list[Program]]:
        """Processes that only answer, all ready: one for each of some sections of configuration."""

        def worker(number: int, section: str) -> AbstractAsyncContextManager[Program]:
            more, folder = f'dispatch = "{self.dispatch}"\n{section}', self.bench.folder / f"worker{number}"
            return ours(self.way, self.aivax, folder, "--role", "work", storage=self.url, more=more)

        return together(*(worker(*each) for each in enumerate(sections)))

    async def answered(self, answer: str) -> Answered:
        """Have all become due at the same moment, told of as when they are stored, and wait for all answers."""
        calls, began, used_s = self.way.calls(), time.monotonic(), time.process_time()
        await self._due()
        # to look at all channels again and again would take the workers a core
        await self.bench.databases.holds(self.url, ENDED, self.count, WITHIN_S)
        cores = (time.process_time() - used_s) / (time.monotonic() - began)
        await answered(self.way, range(self.count), answer)
        with self.bench.databases.connect(self.url) as connection:
            row = connection.execute(RATE).fetchone()
        assert row is not None
        return Answered(self.count, float(row[0]), self.way.calls() - calls, cores)

    async def _due(self) -> None:
        async with Database(self.url) as database:
            await database.learn_time()
            if self.dispatch == JOBS:
                database.use_jobs()
            async with database.write(many_rows=True) as connection:
                await connection.execute(update(turns).values(due_at=database.now()))
                waiting = (
                    select(conversations.c.id, conversations.c.platform).join(turns).order_by(turns.c.id)
                )
                for row in (await connection.execute(waiting)).all():
                    await announce(connection, row.id, row.platform)


@asynccontextmanager
async def backlog(
    bench: Bench, aivax: Gateway, count: int, question: str, *, dispatch: str = "rows", room: int = 0
) -> AsyncIterator[Backlog]:
    """So many questions that a listener took in, none of them due. `room`: the channels there are, if more."""
    url = await bench.databases.empty("postgresql")
    async with on_discord(max(count, room)) as way:
        waiting = Backlog(bench, aivax, way, url, dispatch, count)
        async with waiting.listener():
            for each in range(count):
                await way.ask(each, question)
            await bench.databases.holds(url, "SELECT count(*) FROM turns", count)
        with bench.databases.connect(url) as connection:
            connection.execute("UPDATE turns SET due_at = now() + interval '1 hour'")
        yield waiting


async def answers_of(
    bench: Bench,
    aivax: Gateway,
    workers: int,
    count: int,
    question: str,
    answer: str,
    *,
    dispatch: str = "rows",
) -> Answered:
    """How fast so many workers answer so many questions that wait."""
    async with (
        backlog(bench, aivax, count, question, dispatch=dispatch) as waiting,
        waiting.workers(*[""] * workers),
    ):
        return await waiting.answered(answer)
