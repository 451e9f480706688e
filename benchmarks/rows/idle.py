"""What the bot costs while nobody asks: `benchmarks/idle.py`, beside bare programs."""

from __future__ import annotations

from benchmarks.idle import CPU_MS, HELP, MEMORY_MIB, QUICK, START
from benchmarks.row import Bench, Figure, Goal, Line, Measured, Row

from .scripts import told_by

ROUNDS, SECONDS = 3, 10
TYPER, SDKS = "bare typer app", "bare two-SDK bot"


def lines() -> tuple[Line, ...]:
    """Those of the script, by the names that it gives them."""
    quick = (Line(f"CPU of `{command}`", "ms", Goal(HELP), TYPER) for command in QUICK)
    process = (
        line
        for database in ("SQLite", "PostgreSQL")
        for line in (
            Line(f"start to ready, {database}", "ms", Goal(START), SDKS),
            Line(f"CPU of a start, {database}", "ms", Goal(START), SDKS),
            Line(f"idle memory, {database}", "MiB", Goal(MEMORY_MIB, "figure"), SDKS),
            Line(f"idle CPU a second, {database}", "ms", Goal(CPU_MS, "figure"), SDKS),
        )
    )
    return (*quick, *process)


async def measure(_bench: Bench) -> Measured:
    """Run the script, and take its figures."""
    rows = await told_by("idle.py", "--rounds", str(ROUNDS), "--seconds", str(SECONDS))
    found = {row["name"]: Figure(row["ours"], row["baseline"]) for row in rows}
    return Measured({line.name: found[line.name] for line in ROW.lines})


ROW = Row(
    "idle",
    f"`benchmarks/idle.py`: CPU of quick commands; starts; medians of {ROUNDS}, all by turns. Memory and CPU with both"
    f" platforms connected and nobody there, of all at the same time, seen for {SECONDS} s.",
    lines(),
    measure,
)
