"""What a turn costs as the database and a conversation grow."""

from __future__ import annotations

import asyncio

from benchmarks.row import Bench, Figure, Goal, Line, Measured, Plot, Row
from benchmarks.stage.core_turns import by_turns, core_process
from benchmarks.stage.programs import Gateway, gateway, together

SYSTEMS = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}
MILLION, LONG = 1_000_000, 100_000
SIZES, LENGTHS = (1_000, 30_000), (300,)
"""What lies between on the curves."""
ROUNDS, TURNS_A_ROUND = 3, 20


async def compared(
    bench: Bench, aivax: Gateway, system: str, full: str, *in_one: bool
) -> list[tuple[float, float]]:
    """CPU of a turn in a filled database and in an empty one, in milliseconds; medians of rounds by turns.

    For each of `in_one`, one after the other: whether those in the filled database are all asked in its long
    conversation. The others are asked in a new one each.
    """
    empty = await bench.databases.empty(system)
    opening = [core_process(url, aivax, bench.folder) for url in (full, empty)]
    async with together(*opening) as sides:
        rounds = [await by_turns(sides, ROUNDS, TURNS_A_ROUND, same=(each, False)) for each in in_one]
    return [(there.cpu_ms, here.cpu_ms) for there, here in rounds]


async def measure(bench: Bench) -> Measured:
    """Both databases: how a turn's cost grows with all messages, and with those of its conversation."""
    figures, by_size, by_length = {}, {}, {}
    large = (bench.databases.seeded(system, MILLION, long=LONG) for system in SYSTEMS)
    await asyncio.gather(*large)  # each is work of one core
    async with gateway(bench.folder) as aivax:
        for system, called in SYSTEMS.items():
            sizes, lengths = [], []
            for size in SIZES:
                full = await bench.databases.seeded(system, size)
                ((ours, _),) = await compared(bench, aivax, system, full, False)
                sizes.append((float(size), ours))
            for length in LENGTHS:
                full = await bench.databases.seeded(system, length, long=length)
                ((ours, _),) = await compared(bench, aivax, system, full, True)
                lengths.append((float(length), ours))
            full = await bench.databases.seeded(system, MILLION, long=LONG)
            of_all, of_one = await compared(bench, aivax, system, full, False, True)
            figures[f"Turn at 1,000,000 messages, {called}"] = Figure(*of_all)
            figures[f"Turn in a conversation of 100,000, {called}"] = Figure(*of_one)
            by_size[called] = [(0.0, of_all[1]), *sizes, (MILLION, of_all[0])]
            by_length[called] = [(0.0, of_one[1]), *lengths, (LONG, of_one[0])]
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
