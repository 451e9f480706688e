"""Statements, transactions and fsyncs of a turn on SQLite, counted."""

from __future__ import annotations

import shutil
from pathlib import Path

from benchmarks.row import Bench, Figure, Goal, Line, Measured, Row
from benchmarks.stage.core_turns import CoreProcess, Round, core_process, medians
from benchmarks.stage.programs import gateway, median

TURNS = 30
ROUNDS, AT_ONCE = 5, 20
STATEMENTS, TRANSACTIONS = "Statements of a turn", "Transactions of a turn"
SYNCS, SYNCS_AT_ONCE = "fsyncs of a turn", "fsyncs of a turn, 20 at once"


async def measure(bench: Bench) -> Measured:
    """Turns one after the other and twenty at once, below a tracer that sees what reaches the disk."""
    traced = bench.folder / "fsyncs"
    tracer = shutil.which("strace")
    wrap = (
        (tracer, "-f", "--seccomp-bpf", "-qq", "-e", "trace=fsync,fdatasync", "-o", str(traced))
        if tracer
        else ()
    )
    url = bench.databases.sqlite("statements")
    async with gateway(bench.folder) as aivax, core_process(url, aivax, bench.folder, wrap=wrap) as core:
        alone, synced = await counted(core, traced, TURNS, 1)
        _, synced_at_once = await counted(core, traced, ROUNDS, AT_ONCE)
    note = "" if tracer else "No strace here: fsyncs are not counted."
    found = {
        STATEMENTS: Figure(alone.statements),
        TRANSACTIONS: Figure(alone.transactions),
        SYNCS: Figure(synced if tracer else float("nan"), None, note),
        SYNCS_AT_ONCE: Figure(synced_at_once if tracer else float("nan"), None, note),
    }
    return Measured(found)


async def counted(core: CoreProcess, traced: Path, rounds: int, at_once: int) -> tuple[Round, float]:
    """What a turn asks of the database, and its fsyncs: medians, so that what the process does beside it drops out."""
    asked, synced = [], []
    for _ in range(rounds):
        before = syncs(traced)
        asked.append(await core.turns(at_once, at_once=at_once))
        synced.append((syncs(traced) - before) / at_once)
    return medians(asked), median(synced)


def syncs(traced: Path) -> int:
    """How many the tracer has seen; it writes each as it happens."""
    if not traced.exists():
        return 0
    return sum("sync(" in line for line in traced.read_text().splitlines())


ROW = Row(
    "statements",
    "Counted, not timed: statements and transactions by SQLAlchemy's events, without begins and commits; fsync and"
    " fdatasync by strace. A core turn on SQLite with synchronous=FULL; medians of single turns and of rounds of 20.",
    (
        Line(STATEMENTS, "", Goal(25, "figure")),
        Line(TRANSACTIONS, "", Goal(8, "figure")),
        Line(SYNCS, "", Goal(4, "figure")),
        Line(SYNCS_AT_ONCE, "", Goal(1, "figure", "<")),
    ),
    measure,
)
