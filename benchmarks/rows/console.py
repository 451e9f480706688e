"""What people who are answered notice of the console's open pages: two hundred, and a browser, beside none."""

from __future__ import annotations

import json
import statistics
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from benchmarks.row import Bench, Figure, Goal, Line, Measured, Row
from benchmarks.stage.programs import Program, gateway, program
from tests.console_browser import CHROMIUM, DESK, chromium, window

PAGES, TURNS, ROUNDS = 200, 100, 4
WARM = 20
"""Turns before the first that counts."""
PATHS = ("overview", "waiting", "turns/{turn}")
FIRST, MEMORY = (
    "First text beside 200 open pages and a browser, p95",
    "Memory of 200 open pages and a browser",
)


@asynccontextmanager
async def looked_at(bench: Bench, told: dict[str, str]) -> AsyncIterator[None]:
    """Two hundred pages are open, and a browser at the overview."""
    paths = [each.format(turn=told["turn"]) for each in PATHS]
    arguments = (str(told["port"]), told["cookie"], str(PAGES), *paths)
    reading = program("-m", "benchmarks.inside.console_readers", *arguments, log=bench.folder / "readers.log")
    async with reading as readers, chromium() as browser:
        await readers.told("open")
        base, cookie = f"http://127.0.0.1:{told['port']}/console", told["cookie"]
        context = await window(browser, DESK)
        await context.add_cookies([{"name": "aivax-console", "value": cookie, "url": base}])
        page = await context.new_page()
        await page.goto(f"{base}/")
        yield


async def asked(bot: Program, turns: int = TURNS) -> list[float]:
    """How long each of some turns took to its first text, in ms."""
    await bot.write(f"{turns}\n")
    took: list[float] = json.loads(await bot.line())
    return took


async def measure(bench: Bench) -> Measured:
    """By turns, with nobody at the console and with all of them."""
    if CHROMIUM is None:
        raise RuntimeError("this row needs Chromium (Debian: apt-get install chromium)")
    alone: list[float] = []
    beside: list[float] = []
    url, log = bench.databases.sqlite("console"), bench.folder / "bot.log"
    async with (
        gateway(bench.folder) as aivax,
        program("-m", "benchmarks.inside.beside_console", url, aivax.url, log=log) as bot,
    ):
        told = json.loads(await bot.line())
        await asked(bot, WARM)
        memory = [bot.memory_mib, 0.0]
        for _ in range(ROUNDS):
            alone += await asked(bot)
            async with looked_at(bench, told):
                beside += await asked(bot)
                memory[1] = max(memory[1], bot.memory_mib)
    with_all, with_none = (statistics.quantiles(each, n=20)[18] for each in (beside, alone))
    medians = f"Medians: {statistics.median(beside):.1f} and {statistics.median(alone):.1f} ms."
    return Measured({FIRST: Figure(with_all, with_none, medians), MEMORY: Figure(memory[1] - memory[0])})


ROW = Row(
    "console",
    "The core with a platform in memory and the console in one process on SQLite, one turn after the other, first words"
    f" held by nothing; {PAGES} live pages (overview, waiting, a turn) of another process and a Chromium at the"
    f" overview against none, by turns, {ROUNDS} rounds of {TURNS} turns.",
    (
        Line(FIRST, "ms", Goal(1.05), "nobody at the console"),
        Line(MEMORY, "MiB", Goal(60, "figure")),
    ),
    measure,
    further=True,
)
