"""Statements, transactions and fsyncs of a turn on SQLite, counted."""

from __future__ import annotations

import shutil
from pathlib import Path

from benchmarks.row import Bench, Figure, Goal, Line, Measured, Row
from benchmarks.stage.core_turns import core_process
from benchmarks.stage.programs import gateway

TURNS = 40
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
        before = syncs(traced)
        alone = await core.turns(TURNS)
        after_alone = syncs(traced)
        await core.turns(TURNS, at_once=20)
        after = syncs(traced)
    note = "" if tracer else "No strace here: fsyncs are not counted."
    found = {
        STATEMENTS: Figure(alone.statements),
        TRANSACTIONS: Figure(alone.transactions),
        SYNCS: Figure((after_alone - before) / TURNS if tracer else float("nan"), None, note),
        SYNCS_AT_ONCE: Figure((after - after_alone) / TURNS if tracer else float("nan"), None, note),
    }
    return Measured(found)


def syncs(traced: Path) -> int:
    """How many the tracer has seen; it writes each as it happens."""
    if not traced.exists():
        return 0
    return sum("sync(" in line for line in traced.read_text().splitlines())


ROW = Row(
    "statements",
    "Counted, not timed: statements and transactions through SQLAlchemy's events, begins and commits not among the"
    " statements; fsync and fdatasync by strace. A core turn on SQLite with synchronous=FULL, one after the other.",
    (
        Line(STATEMENTS, "", Goal(25, "figure")),
        Line(TRANSACTIONS, "", Goal(8, "figure")),
        Line(SYNCS, "", Goal(4, "figure")),
        Line(SYNCS_AT_ONCE, "", Goal(1, "figure", "<")),
    ),
    measure,
)
