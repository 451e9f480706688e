"""From the commit of a question to the run of its turn, by jobs of Procrastinate, beside that library by itself."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import psycopg
from sqlalchemy import make_url

from benchmarks.engines.crew import Crew
from benchmarks.engines.engine import engine_of
from benchmarks.row import Bench, Figure, Goal, Line, Measured, Row
from benchmarks.stage.programs import Gateway, Program, gateway, program

DISPATCH = "procrastinate"
WORKERS, ROUNDS = 2, 3
IDLE, BUSY, FULL = (20, 5.0), (150, 50.0), (400, 200.0)
"""How many in a round, and how many of them a second."""
WITHIN_S = 60.0
LINES = {
    IDLE: ("A job reaches a worker, p95, 5 a second", "A turn begins, p95, 5 a second"),
    BUSY: ("A job reaches a worker, p95, 50 a second", "A turn begins, p95, 50 a second"),
    FULL: ("A job reaches a worker, p95, 200 a second", "A turn begins, p95, 200 a second"),
}
"""What is timed with each load: until a worker has the job, and until it has claimed the turn, too."""


class Bot:
    """A listener and workers of ours."""

    def __init__(self, listener: Program, workers: list[Program]) -> None:
        self._listener = listener
        self._took: dict[str, float] = {}
        self._began: dict[str, tuple[str, float]] = {}
        self._readers = [asyncio.create_task(self._read(each)) for each in workers]

    async def _read(self, worker: Program) -> None:
        while True:  # no deadline: until it is cancelled
            key, conversation, at = (await worker.line(3_600)).split()
            if key == "took":
                self._took.setdefault(conversation, float(at))
            else:
                self._began.setdefault(key, (conversation, float(at)))

    async def waits(self, count: int, rate: float) -> tuple[list[float], list[float]]:
        """How long each of so many questions waited for a worker to have its job, and to begin with it, in seconds."""
        await self._listener.write(f"{count} {rate}\n")
        asked = {}
        while (told := (await self._listener.line()).split())[0] != "all":
            asked[told[0]] = float(told[1])
        async with asyncio.timeout(WITHIN_S):
            while not asked.keys() <= self._began.keys():  # noqa: ASYNC110  lines of several pipes
                await asyncio.sleep(0.02)
        # who is told first of a commit, the one who asked or the worker, is chance
        began = [(*self._began[key], at) for key, at in asked.items()]
        took = [max(0.0, self._took[conversation] - at) for conversation, _, at in began]
        return took, [max(0.0, begun - at) for _, begun, at in began]

    def close(self) -> None:
        """Listen to them no more."""
        for each in self._readers:
            each.cancel()


@asynccontextmanager
async def bot(bench: Bench, aivax: Gateway, *ended: str) -> AsyncIterator[Bot]:
    """Ours on a database of its own, each worker awake."""
    url = await bench.databases.empty("postgresql")
    async with AsyncExitStack() as stack:

        async def begin(role: str, *more: str) -> Program:
            arguments = ("-m", "benchmarks.inside.handover", role, url, aivax.url, DISPATCH, *more)
            begun = await stack.enter_async_context(program(*arguments, log=bench.folder / "handover.log"))
            await begun.told("ready")
            return begun

        workers = [await begin("work", *ended) for _ in range(WORKERS)]
        running = Bot(await begin("listen"), workers)
        stack.callback(running.close)
        await running.waits(20, 20.0)
        yield running


class Bare:
    """Procrastinate by itself, as its documentation has it used."""

    def __init__(self, crew: Crew, connection: psycopg.AsyncConnection[object]) -> None:
        self._crew = crew
        self._connection = connection
        self._engine = engine_of(DISPATCH)
        self._sent = 0

    async def waits(self, count: int, rate: float) -> list[float]:
        """How long each of so many jobs waited, in seconds."""
        sent, began = {}, time.monotonic()
        for each in range(count):
            await asyncio.sleep(max(0.0, began + each / rate - time.monotonic()))
            key, self._sent = f"k{self._sent}", self._sent + 1
            async with self._connection.transaction():
                await self._engine.enqueue(self._connection, key)
            sent[key] = time.time()
        missing = await self._crew.saw(set(sent), WITHIN_S)
        assert not missing, missing
        return [max(0.0, self._crew.seen[key][0] - at) for key, at in sent.items()]


@asynccontextmanager
async def bare(bench: Bench) -> AsyncIterator[Bare]:
    """The library on a database of its own, each worker awake."""
    address = make_url(bench.databases.postgresql(f"bare{time.monotonic_ns()}"))
    url = address.set(drivername="postgresql").render_as_string(hide_password=False)
    await engine_of(DISPATCH).install(url)
    async with (
        Crew(DISPATCH, url) as crew,
        await psycopg.AsyncConnection.connect(url, autocommit=True) as connection,
    ):
        await crew.start(WORKERS)
        running = Bare(crew, connection)
        await running.waits(20, 20.0)
        yield running


def p95(waits: list[float]) -> float:
    """The 95th percentile, in milliseconds."""
    return sorted(waits)[int(len(waits) * 0.95)] * 1_000


async def measure(bench: Bench) -> Measured:
    """Both rates, ours and the library by turns."""
    figures = {}
    async with gateway(bench.folder) as aivax, bare(bench) as theirs:
        for load, lines in LINES.items():
            async with bot(bench, aivax, *([] if load == IDLE else ["ended"])) as ours:
                found: tuple[list[float], list[float], list[float]] = ([], [], [])
                for _ in range(ROUNDS):
                    took, began = await ours.waits(*load)
                    for into, waits in zip(found, (took, began, await theirs.waits(*load)), strict=True):
                        into.extend(waits)
            middle = [statistics.median(each) * 1_000 for each in found]
            for line, waits, median_ms in zip(lines, found, middle, strict=False):
                note = f"Medians: {median_ms:.1f} and {middle[2]:.1f} ms."
                figures[line] = Figure(p95(waits), p95(found[2]), note)
    return Measured(figures)


ROW = Row(
    "handover",
    f"From after the commit to the first step of the turn, or of the job: {WORKERS} workers each on one PostgreSQL,"
    f' ours with `dispatch = "procrastinate"`, by turns, {ROUNDS} rounds. At 5 a second whole turns of the core; at 50'
    " and 200, which is more than two cores answer, turns that are closed unanswered.",
    tuple(Line(line, "ms", Goal(1.3), "Procrastinate alone") for lines in LINES.values() for line in lines),
    measure,
    further=True,
)
