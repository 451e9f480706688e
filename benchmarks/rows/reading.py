"""What reading a streamed answer costs for each chunk: `benchmarks/reading.py`, beside the `openai` SDK."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys

from benchmarks.reading import WAYS
from benchmarks.row import Bench, Figure, Goal, Line, Measured, Row
from benchmarks.stage.programs import TREE

ROUNDS = 5
SDK = "openai SDK"


async def measure(_bench: Bench) -> Measured:
    """Run the script, and take its figures."""
    command = (sys.executable, str(TREE / "benchmarks/reading.py"), "--json", "--rounds", str(ROUNDS))
    done = await asyncio.to_thread(subprocess.run, command, check=True, stdout=subprocess.PIPE)
    found = {row["row"]: row for row in json.loads(done.stdout)}
    return Measured(
        {
            name: Figure(row["ours"], row["openai"], f"Bare httpx, bytes alone: {row['httpx']:.3g} µs.")
            for name, row in found.items()
        }
    )


ROW = Row(
    "reading",
    "`benchmarks/reading.py`: CPU of a process that reads an answer of 20,000 chunks; each reader by turns, medians of"
    f" {ROUNDS} processes.",
    tuple(Line(f"CPU a chunk, {what}", "µs", Goal(1 / part), SDK) for what, part in WAYS.values()),
    measure,
)
