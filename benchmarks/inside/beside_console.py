"""Answers turns in a process that serves the console, too: how soon people read the first text.

    python -m benchmarks.inside.beside_console DATABASE GATEWAY

Prints a line of JSON with the console's port, a viewer's cookie and a turn to look at. Each line on standard input, a
number of turns, is answered by a line of JSON: the milliseconds from a question to the first text of its answer.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Sequence
from types import SimpleNamespace

from benchmarks.inside.open_answers import Wall
from benchmarks.inside.turns import asked
from benchmarks.stage.gateway import script
from bots import logs
from bots.settings import LogSettings
from bots.web.bounds import Bounds
from bots.web.server import serve
from core.delivery.editing_surface import EditingSurface
from core.delivery.pacing import Pace
from core.domain import Button, Delivery, Ledger, ReplySurface
from core.domain.console import Role
from tests.console_stage import console_over
from tests.stage import FakePlatform, Stage, staged

PIECES, PER_S = 20, 100
WITHIN_S = 60.0


class Clocked(Wall):
    """A place that notes when something stands there first."""

    def __init__(self) -> None:
        super().__init__()
        self.shown = asyncio.Event()

    async def post(self, text: str, delivery: Delivery, buttons: Sequence[Button] = ()) -> str:
        self.shown.set()
        return await super().post(text, delivery, buttons)


class Screens(FakePlatform):
    """A platform of such places, whose first words are held by nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.screens: dict[str, Clocked] = {}

    def reply_to(self, address: str, ledger: Ledger) -> ReplySurface:
        pace = Pace(lambda: 1.0, first_words_after_s=0.0, now=time.monotonic, sleep=asyncio.sleep)
        return EditingSurface(self.screens.setdefault(address, Clocked()), ledger, pace)


async def first_text_ms(stage: Stage, screens: Screens, number: int) -> float:
    """Ask, and wait for the first text; the next one is asked when this one is answered."""
    question = asked(number, script(PIECES, PER_S), same=False)
    screen = screens.screens.setdefault(question.address, Clocked())
    began = time.perf_counter()
    await stage.core.intake.receive(question)
    async with asyncio.timeout(WITHIN_S):
        await screen.shown.wait()
    took_ms = (time.perf_counter() - began) * 1000
    await stage.rest()
    del screens.screens[question.address]
    return took_ms


async def main(url: str, gateway: str) -> None:
    logs.configure(LogSettings())
    screens, server = Screens(), SimpleNamespace(base_url=gateway.removesuffix("/v1"))
    live = {"live_connections": 250, "live_per_session": 250}
    async with (
        staged(url, sandbox=server, platform=screens) as stage,  # type: ignore[arg-type]
        console_over(stage.core.database, **live) as console,
        serve([], {"/console": console.app}, "127.0.0.1", 0, Bounds(connections=600)) as port,
    ):
        viewer = await console.user("vic", Role.VIEWER)
        for each in range(5):
            await first_text_ms(stage, screens, each)
        print(json.dumps({"port": port, "cookie": viewer.cookie, "turn": 1}), flush=True)
        while line := await asyncio.to_thread(sys.stdin.readline):
            took = [await first_text_ms(stage, screens, each) for each in range(int(line))]
            print(json.dumps(took), flush=True)
        console.stop.set()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
