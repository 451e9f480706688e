"""PostgreSQL: the commits that the server sees of a turn, and what a second worker brings."""

from __future__ import annotations

import asyncio
import time
from contextlib import AsyncExitStack

from sqlalchemy import make_url

from benchmarks.row import Bench, Figure, Goal, Line, Measured, Plot, Row
from benchmarks.stage.contest import on_discord, ours
from benchmarks.stage.core_turns import by_turns, core_process
from benchmarks.stage.gateway import answer_of, script
from benchmarks.stage.platforms import answered
from benchmarks.stage.programs import Gateway, gateway

FEW, MANY = 20, 80
ROUNDS, AT_ONCE = 3, 20
QUESTIONS, PIECES, PER_S = 160, 80, 20
COMMITS, WORKERS = "Commits that PostgreSQL sees of a turn", "Answers of two workers, beside one"
BY_JOBS = "Commits that PostgreSQL sees of a turn: jobs"
CPU = "CPU of a core turn on PostgreSQL: jobs"
JOBS = "procrastinate"


async def commits(bench: Bench, aivax: Gateway, turns: int, dispatch: str = "rows") -> int:
    """What the server counts in the life of a process that answers so many turns one after the other."""
    url = await bench.databases.empty("postgresql")
    before = counted(bench, url)
    async with core_process(url, aivax, bench.folder, dispatch=dispatch) as core:
        await core.turns(turns)
    await asyncio.sleep(0.5)  # a connection that ends has told all it did
    return counted(bench, url) - before


def counted(bench: Bench, url: str) -> int:
    """The transactions that ended well in a database so far."""
    with bench.databases.connect() as connection:
        query = "SELECT xact_commit FROM pg_stat_database WHERE datname = %s"
        row = connection.execute(query, (make_url(url).database,)).fetchone()
    assert row is not None
    return int(row[0])


async def per_turn(bench: Bench, aivax: Gateway, dispatch: str) -> float:
    """The commits of a turn, without those of a start and an end."""
    many, few = [await commits(bench, aivax, turns, dispatch) for turns in (MANY, FEW)]
    return (many - few) / (MANY - FEW)


async def cpu_ms(bench: Bench, aivax: Gateway) -> tuple[float, float]:
    """CPU of a core turn by jobs and by rows, each process on a database of its own, by turns."""
    jobs, rows = await bench.databases.empty("postgresql"), await bench.databases.empty("postgresql")
    async with (
        core_process(jobs, aivax, bench.folder, dispatch=JOBS) as by_jobs,
        core_process(rows, aivax, bench.folder, dispatch="rows") as by_rows,
    ):
        ours, theirs = await by_turns([by_jobs, by_rows], ROUNDS, MANY, at_once=AT_ONCE)
    return ours.cpu_ms, theirs.cpu_ms


async def answers_a_s(bench: Bench, aivax: Gateway, workers: int) -> tuple[float, float]:
    """Answers a second of so many workers on questions that wait, and the part of a core that the stage took."""
    url = await bench.databases.empty("postgresql")
    folder = bench.folder / f"workers{workers}"
    async with on_discord(QUESTIONS) as way, AsyncExitStack() as stack:
        async with ours(way, aivax, folder, "--role", "listen", storage=url):
            for each in range(QUESTIONS):
                await way.ask(each, script(PIECES, PER_S))
            await bench.databases.holds(url, "SELECT count(*) FROM turns", QUESTIONS)
        with bench.databases.connect(url) as connection:
            connection.execute("UPDATE turns SET due_at = now() + interval '1 hour'")
            for each in range(workers):
                opened = ours(way, aivax, folder.with_name(f"worker{each}"), "--role", "work", storage=url)
                await stack.enter_async_context(opened)
            began, used_s = time.monotonic(), time.process_time()
            connection.execute("UPDATE turns SET due_at = now()")  # for all workers at the same moment
            await answered(way, range(QUESTIONS), answer_of(PIECES))
            busy = (time.process_time() - used_s) / (time.monotonic() - began)
            query = "SELECT count(*) / extract(epoch FROM max(ended_at) - min(started_at)) FROM turns"
            row = connection.execute(query).fetchone()
    assert row is not None
    return float(row[0]), busy


async def measure(bench: Bench) -> Measured:
    """Both lines."""
    async with gateway(bench.folder) as aivax:
        rows, jobs = [await per_turn(bench, aivax, each) for each in ("rows", JOBS)]
        cpu = await cpu_ms(bench, aivax)
        one, busy = await answers_a_s(bench, aivax, 1)
        two, busier = await answers_a_s(bench, aivax, 2)
    note = f"The stage took {max(busy, busier):.2f} of a core."
    plot = Plot(
        "Workers on one PostgreSQL", "processes", "answers a second", {"answers": [(1, one), (2, two)]}
    )
    figures = {
        COMMITS: Figure(rows),
        BY_JOBS: Figure(jobs, rows),
        CPU: Figure(*cpu),
        WORKERS: Figure(two, one, note),
    }
    return Measured(figures, {"processes": plot})


ROW = Row(
    "postgres",
    'Commits: pg_stat_database of a process with 80 core turns less one with 20; jobs: `dispatch = "procrastinate"`.'
    " CPU: 20 core turns at once, the median of 3 rounds of 80, by turns. Workers: 160 questions on Discord that"
    " a listener took in and that became due at the same moment, answers of 80 chunks in 4 s, default settings; from"
    " the first claim to the last end.",
    (
        Line(COMMITS, "", Goal(10, "figure")),
        Line(BY_JOBS, "", Goal(1.1), "rows"),
        Line(CPU, "ms", Goal(1.1), "rows"),
        Line(WORKERS, "answers/s", Goal(1.8, sign=">="), "one worker"),
    ),
    measure,
)
