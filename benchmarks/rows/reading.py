"""What reading a streamed answer costs for each chunk: `benchmarks/reading.py`, beside the `openai` SDK."""

from __future__ import annotations

from benchmarks.reading import ANSWERS, ANSWERS_OTHERWISE, WAYS
from benchmarks.row import Bench, Figure, Goal, Line, Measured, Row

from .scripts import told_by

ROUNDS = 3
SDK = "openai SDK"


async def measure(_bench: Bench) -> Measured:
    """Run the script, and take its figures."""
    rows = await told_by("reading.py", "--rounds", str(ROUNDS))
    bare = ", ".join(f"{row['httpx']:.3g}" for row in rows)
    note = f"Bare httpx, bytes alone: {bare} µs."
    return Measured({row["row"]: Figure(row["ours"], row["openai"], note) for row in rows})


ROW = Row(
    "reading",
    "`benchmarks/reading.py`: CPU of a process that reads an answer of 20,000 chunks; each reader by turns, medians of"
    f" {ROUNDS} processes; in each ours and bare httpx read {ANSWERS_OTHERWISE} answers behind one that does not count,"
    f" the SDK, which takes seconds, {ANSWERS['openai']}.",
    tuple(Line(f"CPU a chunk, {what}", "µs", Goal(1 / part), SDK) for what, part in WAYS.values()),
    measure,
)
