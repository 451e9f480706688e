"""How many answers one process holds open, and what each takes of memory."""

from __future__ import annotations

import json
from collections.abc import Sequence

from benchmarks.row import Bench, Figure, Goal, Line, Measured, Plot, Row
from benchmarks.stage.gateway import script
from benchmarks.stage.programs import Gateway, gateway, program

COUNTS = (100, 200, 300)
PER_S, SECONDS = 20, 6
LATE_MS = 50.0
HELD, MEMORY = "Answers held open at 20 chunks/s each, p99 of loop lag < 50 ms", "Memory of an open answer"
Points = Sequence[tuple[float, float]]


async def ours(bench: Bench, aivax: Gateway, count: int) -> tuple[float, float]:
    """The loop's lag in ms with so many answers open, and the memory of each in KiB."""
    url = bench.databases.sqlite(f"open{count}")
    arguments = ("-m", "benchmarks.inside.open_answers", url, aivax.url, str(count), str(SECONDS))
    async with program(*arguments, log=bench.folder / f"open{count}.log") as running:
        told = json.loads(await running.told("{"))
    if told["open"] < count:  # it is too slow to begin them all, which is worse than to be late
        return max(told["lag_ms"], 2 * LATE_MS), told["kib"]
    return told["lag_ms"], told["kib"]


async def bare(bench: Bench, aivax: Gateway, count: int) -> float:
    """The loop's lag in ms with so many bare httpx loops."""
    words = script(PER_S * SECONDS, PER_S)
    arguments = ("-m", "benchmarks.baselines.httpx_streams", str(count), words)
    async with program(*arguments, log=bench.folder / "bare.log", env={"AIVAX": aivax.url}) as running:
        await running.told("ready")
        lag_ms, answers = (await running.line()).split()
    if int(answers) != 1:
        raise RuntimeError("the bare loops read different answers")
    return float(lag_ms)


def held(lags: Points) -> float:
    """With how many the lag reaches the bound, between the points that were measured; the last where it never does."""
    before = (0.0, 0.0)
    for count, lag in lags:
        if lag >= LATE_MS:
            part = (LATE_MS - before[1]) / (lag - before[1])
            return before[0] + part * (count - before[0])
        before = (count, lag)
    return before[0]


async def measure(bench: Bench) -> Measured:
    """Both by turns, with more and more answers."""
    lags: list[tuple[float, float]] = []
    bare_lags: list[tuple[float, float]] = []
    kib = 0.0
    async with gateway(bench.folder) as aivax:
        for count in COUNTS:
            bare_lags.append((count, await bare(bench, aivax, count)))
            lag, kib = await ours(bench, aivax, count)
            lags.append((count, lag))
            if lag >= 2 * LATE_MS:  # more would take no less
                break
    curves = {"aivax-bots": lags, "bare httpx": bare_lags}
    plot = Plot("Answers open at once", "answers open", "p99 of loop lag, ms", curves)
    most = f"No more than {COUNTS[-1]} were opened."
    return Measured(
        {HELD: Figure(held(lags), held(bare_lags), most), MEMORY: Figure(kib)}, {"open-answers": plot}
    )


ROW = Row(
    "open",
    "The core with a platform in memory whose answers are edited once a second, `running_turns` set to what is open;"
    " lag seen every 10 ms over 6 s once all are open; between measured counts the bound is interpolated.",
    (
        Line(HELD, "answers", Goal(0.8, sign=">="), "bare httpx"),
        Line(MEMORY, "KiB", Goal(100, "figure")),
    ),
    measure,
)
