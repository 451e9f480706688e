"""PostgreSQL: the commits that the server sees of a turn, and what a second worker brings."""

from __future__ import annotations

import asyncio

from sqlalchemy import make_url

from benchmarks.row import Bench, Figure, Goal, Line, Measured, Plot, Row
from benchmarks.stage.core_turns import by_turns, core_process
from benchmarks.stage.gateway import answer_of, script
from benchmarks.stage.programs import Gateway, gateway
from benchmarks.stage.workers import JOBS, answers_of

FEW, MANY = 20, 80
ROUNDS, AT_ONCE = 3, 20
PIECES, PER_S = 80, 20
QUESTION, ANSWER = script(PIECES, PER_S), answer_of(PIECES)
QUESTIONS = 80
"""For each worker: four rounds of all its places."""
COMMITS, WORKERS = "Commits that PostgreSQL sees of a turn", "Answers of two workers, beside one"
BY_JOBS = "Commits that PostgreSQL sees of a turn: jobs"
CPU = "CPU of a core turn on PostgreSQL: jobs"


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
    """The commits of a turn, without those of a start and an end. Counted, not timed: both at the same time."""
    many, few = await asyncio.gather(*(commits(bench, aivax, turns, dispatch) for turns in (MANY, FEW)))
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


async def measure(bench: Bench) -> Measured:
    """Both lines."""
    async with gateway(bench.folder) as aivax:
        rows, jobs = await asyncio.gather(*(per_turn(bench, aivax, each) for each in ("rows", JOBS)))
        cpu = await cpu_ms(bench, aivax)
        one, two = [
            await answers_of(bench, aivax, each, each * QUESTIONS, QUESTION, ANSWER) for each in (1, 2)
        ]
    note = f"The stage took {max(one.stage_cores, two.stage_cores):.2f} of a core."
    curve = {"answers": [(1, one.a_second), (2, two.a_second)]}
    plot = Plot("Workers on one PostgreSQL", "processes", "answers a second", curve)
    figures = {
        COMMITS: Figure(rows),
        BY_JOBS: Figure(jobs, rows),
        CPU: Figure(*cpu),
        WORKERS: Figure(two.a_second, one.a_second, note),
    }
    return Measured(figures, {"processes": plot})


ROW = Row(
    "postgres",
    'Commits: pg_stat_database of a process with 80 core turns less one with 20; jobs: `dispatch = "procrastinate"`.'
    f" CPU: 20 core turns at once, the median of 3 rounds of 80, by turns. Workers: {QUESTIONS} questions for each, on"
    " Discord, that a listener took in and that became due at the same moment and were told of as when they are stored,"
    f" answers of {PIECES} chunks in {PIECES // PER_S} s, default settings; from the first claim to the last end.",
    (
        Line(COMMITS, "", Goal(10, "figure")),
        Line(BY_JOBS, "", Goal(1.1), "rows"),
        Line(CPU, "ms", Goal(1.1), "rows"),
        Line(WORKERS, "answers/s", Goal(1.8, sign=">="), "one worker"),
    ),
    measure,
)
