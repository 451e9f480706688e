"""A turn of the core alone on SQLite, beside commit 7245764."""

from __future__ import annotations

from benchmarks.row import Bench, Figure, Goal, Line, Measured, Row
from benchmarks.stage.checkouts import BEFORE, checkout
from benchmarks.stage.core_turns import by_turns, core_process
from benchmarks.stage.programs import gateway

CPU, RATE = "Core turn on SQLite", "Core turns of one process"


async def measure(bench: Bench) -> Measured:
    """Both commits by turns, twenty turns at once."""
    here, there = bench.databases.sqlite("core-here"), bench.databases.sqlite("core-there")
    with checkout() as tree:
        async with (
            gateway(bench.folder) as aivax,
            core_process(here, aivax, bench.folder) as ours,
            core_process(there, aivax, bench.folder, tree=tree) as theirs,
        ):
            now, before = await by_turns([ours, theirs], 3, 60, at_once=20)
    return Measured(
        {CPU: Figure(now.cpu_ms, before.cpu_ms), RATE: Figure(1 / now.seconds, 1 / before.seconds)}
    )


ROW = Row(
    "core",
    "A platform in memory, the gateway's packed answer of 60 chunks, SQLite with synchronous=FULL, 20 turns at once;"
    " both commits by turns with the same packages, medians of 3 rounds.",
    (
        Line(CPU, "ms", Goal(1 / 4), f"commit {BEFORE}"),
        Line(RATE, "turns/s", Goal(4, sign=">="), f"commit {BEFORE}"),
    ),
    measure,
)
