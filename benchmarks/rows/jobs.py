"""Work by jobs of Procrastinate beside work by rows, on PostgreSQL: what grows, and what a second worker brings."""

from __future__ import annotations

from benchmarks.row import Bench, Figure, Goal, Line, Measured, Row
from benchmarks.rows.growth import LONG, MILLION, ROUNDS, TURNS_A_ROUND
from benchmarks.rows.postgres import ANSWER, PER_S, PIECES, QUESTION, QUESTIONS
from benchmarks.stage.core_turns import by_turns, core_process
from benchmarks.stage.programs import Gateway, gateway, together
from benchmarks.stage.workers import JOBS, answers_of

AGAINST = "rows"
WORKERS = 2
RATE = "Answers of two workers: jobs"
SIZE, LENGTH = (
    "Turn at 1,000,000 messages, PostgreSQL: jobs",
    "Turn in a conversation of 100,000, PostgreSQL: jobs",
)


async def grown(bench: Bench, aivax: Gateway) -> dict[str, Figure]:
    """CPU of a turn by jobs and by rows, each process on a copy of the same filled database, by turns."""
    full = await bench.databases.seeded("postgresql", MILLION, long=LONG)
    opening = [
        core_process(bench.databases.copied(full), aivax, bench.folder, dispatch=dispatch)
        for dispatch in (JOBS, "rows")
    ]
    async with together(*opening) as sides:
        found = {
            line: await by_turns(sides, ROUNDS, TURNS_A_ROUND, same=(in_one, in_one))
            for line, in_one in ((SIZE, False), (LENGTH, True))
        }
    return {line: Figure(ours.cpu_ms, theirs.cpu_ms) for line, (ours, theirs) in found.items()}


async def measure(bench: Bench) -> Measured:
    """All lines."""
    async with gateway(bench.folder) as aivax:
        by_rows, by_jobs = [
            await answers_of(bench, aivax, WORKERS, WORKERS * QUESTIONS, QUESTION, ANSWER, dispatch=dispatch)
            for dispatch in ("rows", JOBS)
        ]
        figures = await grown(bench, aivax)
    return Measured({RATE: Figure(by_jobs.a_second, by_rows.a_second), **figures})


ROW = Row(
    "jobs",
    '`[storage] dispatch = "procrastinate"` on PostgreSQL, beside rows in the same run. Workers as in `postgres`:'
    f" {WORKERS * QUESTIONS} questions, answers of {PIECES} chunks in {PIECES // PER_S} s. Growth as in `growth`, both"
    f" in copies of one filled database, by turns, medians of {ROUNDS} rounds of {TURNS_A_ROUND}.",
    (
        Line(RATE, "answers/s", Goal(0.9, sign=">="), AGAINST),
        Line(SIZE, "ms", Goal(1.1), AGAINST),
        Line(LENGTH, "ms", Goal(1.1), AGAINST),
    ),
    measure,
    further=True,
)
