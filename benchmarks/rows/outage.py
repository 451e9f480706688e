"""Two hundred questions that wait through an outage of the gateway."""

from __future__ import annotations

import asyncio
import time

from benchmarks.row import Bench, Figure, Goal, Line, Measured, Row
from benchmarks.stage.contest import PER_S, PIECES, on_discord, ours
from benchmarks.stage.gateway import answer_of, script
from benchmarks.stage.platforms import answered
from benchmarks.stage.programs import Gateway, gateway

QUESTIONS = 200
LASTS_S = 20.0
"""Long enough that every question was tried, and is held."""
AT_MOST_S = 120.0
LAST = "Last of 200 answers, after an outage"


async def last_s(bench: Bench, aivax: Gateway, *, outage: bool) -> float:
    """Seconds until the last answer is whole: from the questions, or from the end of an outage in which they came."""
    folder = bench.folder / f"outage-{outage}"
    async with on_discord(QUESTIONS) as way, ours(way, aivax, folder):
        if outage:
            await aivax.be("down")
        began = time.monotonic()
        for each in range(QUESTIONS):
            await way.ask(each, script(PIECES, PER_S))
        if outage:
            await asyncio.sleep(began + LASTS_S - time.monotonic())
            began = time.monotonic()
            await aivax.be("up")
        await answered(way, range(QUESTIONS), answer_of(PIECES), AT_MOST_S, told_before=outage)
        return time.monotonic() - began


async def measure(bench: Bench) -> Measured:
    """The same questions without an outage, and with one."""
    async with gateway(bench.folder) as aivax:
        without_s = await last_s(bench, aivax, outage=False)
        try:
            after, note = await last_s(bench, aivax, outage=True), ""
        except AssertionError as error:
            after, note = AT_MOST_S, f"Given up: {str(error)[:100]}."
    return Measured({LAST: Figure(after, without_s, note)})


ROW = Row(
    "outage",
    "200 people ask on Discord within the outage of 20 s, in which the gateway answers 503; from its end to the last"
    " whole answer, beside the same 200 without an outage, from the first question. No plan limit, default settings.",
    (Line(LAST, "s", Goal(1.3), "no outage"),),
    measure,
)
