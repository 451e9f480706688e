"""What a turn costs as the database and a conversation grow."""

from __future__ import annotations

from benchmarks.row import Bench, Figure, Goal, Line, Measured, Plot, Row
from benchmarks.stage.core_turns import by_turns, core_process
from benchmarks.stage.programs import Gateway, gateway

SYSTEMS = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}
MILLION, LONG = 1_000_000, 100_000
SIZES = (1_000, 30_000, MILLION)
LENGTHS = (300, LONG)
ROUNDS, TURNS_A_ROUND = 3, 20


async def curve(bench: Bench, aivax: Gateway, system: str) -> list[tuple[float, float]]:
    """CPU of a turn by the messages in the database; each size takes turns with an empty database."""
    points: list[tuple[float, float]] = []
    for size in SIZES:
        full = await bench.databases.seeded(system, size, long=LONG if size == MILLION else 0)
        ours, empty = await compared(bench, aivax, system, full, same=False)
        points += [(0, empty)] * (size == MILLION) + [(size, ours)]
    return sorted(points)


async def compared(
    bench: Bench, aivax: Gateway, system: str, full: str, *, same: bool
) -> tuple[float, float]:
    """CPU of a turn in a filled database and in an empty one, in milliseconds; medians of rounds by turns.

    `same`: those in the filled database are all asked in its long conversation, the others in a new one each.
    """
    empty = await bench.databases.empty(system)
    async with (
        core_process(full, aivax, bench.folder) as ours,
        core_process(empty, aivax, bench.folder) as theirs,
    ):
        there, here = await by_turns([ours, theirs], ROUNDS, TURNS_A_ROUND, same=same)
    return there.cpu_ms, here.cpu_ms


async def measure(bench: Bench) -> Measured:
    """Both databases: how a turn's cost grows with all messages, and with those of its conversation."""
    figures, by_size, by_length = {}, {}, {}
    async with gateway(bench.folder) as aivax:
        for system, called in SYSTEMS.items():
            by_size[called] = await curve(bench, aivax, system)
            figures[f"Turn at 1,000,000 messages, {called}"] = Figure(
                by_size[called][-1][1], by_size[called][0][1]
            )
            points = []
            for length in LENGTHS:
                size = MILLION if length == LONG else length
                full = await bench.databases.seeded(system, size, long=length)
                ours, short = await compared(bench, aivax, system, full, same=True)
                points.append((float(length), ours))
            by_length[called] = [(0.0, short), *points]
            figures[f"Turn in a conversation of 100,000, {called}"] = Figure(ours, short)
    of_size = Plot(
        "A turn, by the size of the database", "messages in the database", "CPU, ms", by_size, x_is_log=True
    )
    of_length = Plot(
        "A turn, by its history", "messages in its conversation", "CPU, ms", by_length, x_is_log=True
    )
    return Measured(figures, {"database": of_size, "history": of_length})


ROW = Row(
    "growth",
    "A core turn in a filled database and in an empty one by turns, one after the other, medians of"
    f" {ROUNDS} rounds of {TURNS_A_ROUND}. What is asked in the long conversation takes along the history that"
    " `history_tokens` allows (16,000 tokens); in the empty database each question begins a conversation.",
    tuple(
        Line(f"{what}, {system}", "ms", Goal(1.1), "empty")
        for what in ("Turn at 1,000,000 messages", "Turn in a conversation of 100,000")
        for system in SYSTEMS.values()
    ),
    measure,
)
