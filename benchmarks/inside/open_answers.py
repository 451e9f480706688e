"""Holds many answers open in the process under test: how late its loop is, and what each answer takes of memory.

    python -m benchmarks.inside.open_answers DATABASE GATEWAY COUNT SECONDS

The core with a platform in memory whose answers are edited once a second. Prints one line of JSON.
"""

from __future__ import annotations

import asyncio
import json
import os
import statistics
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace

from benchmarks.inside.turns import asked
from benchmarks.stage.gateway import script
from bots import logs
from bots.settings import LogSettings
from core.delivery.editing_surface import EditingSurface
from core.domain import Button, Delivery, Ledger, ReplySurface, Said
from tests.stage import FakePlatform, staged
from tests.waiting import until

OPENED_WITHIN_S = 60.0
PIECES, PER_S = 8_000, 20
"""Answers that go on for longer than it takes to open all of them, and are shorter than `answer_chars`."""
EVERY_S = 0.01


class Wall:
    """A place that shows one answer at a time and keeps no more than what stands there."""

    max_size, edit_interval_s = 2000, 1.0

    def __init__(self) -> None:
        self.text = ""

    def size(self, text: str) -> int:
        return len(text)

    async def working(self) -> None:
        """It has no sign."""

    rested = working

    async def post(self, text: str, delivery: Delivery, buttons: Sequence[Button] = ()) -> str:
        self.text = text
        return delivery.nonce

    async def edit(self, message_id: str, text: str, buttons: Sequence[Button] = ()) -> None:
        self.text = text

    async def delete(self, message_id: str) -> None:
        self.text = ""

    async def find(self, delivery: Delivery, text: str) -> str | None:
        return None


class Walls(FakePlatform):
    """A platform of such places."""

    def __init__(self) -> None:
        super().__init__()
        self.walls: dict[str, Wall] = {}

    def open_of(self, questions: Sequence[Said]) -> int:
        """How many of the answers to these have begun to show."""
        return sum(bool(each.address in self.walls and self.walls[each.address].text) for each in questions)

    def reply_to(self, address: str, ledger: Ledger) -> ReplySurface:
        return EditingSurface(self.walls.setdefault(address, Wall()), ledger)


async def lag_ms(seconds: float) -> float:
    """How late the loop is in the 99th percentile, seen every 10 ms."""
    late_ms, end = [], time.perf_counter() + seconds
    while (now := time.perf_counter()) < end:
        await asyncio.sleep(EVERY_S)
        late_ms.append((time.perf_counter() - now - EVERY_S) * 1000)
    return statistics.quantiles(late_ms, n=100)[98]


def memory_kib() -> int:
    """What is resident of this process."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") // 1024


async def main(url: str, gateway: str, count: int, seconds: float) -> None:
    logs.configure(LogSettings())
    platform, server = Walls(), SimpleNamespace(base_url=gateway.removesuffix("/v1"))
    limits = {"running_turns": count}
    async with staged(url, sandbox=server, platform=platform, limits=limits) as stage:  # type: ignore[arg-type]
        await stage.hear(*(asked(each, script(20, 0), same=False) for each in range(5)))
        before_kib = memory_kib()
        words = script(PIECES, PER_S)
        questions = [asked(each, words, same=False) for each in range(count)]
        for each in questions:
            await stage.core.intake.receive(each)
        with suppress(AssertionError):  # too slow to open all: how many it did is told
            await until("all to be open", lambda: platform.open_of(questions) == count, OPENED_WITHIN_S)
        cpu_s = time.process_time()
        lag = await lag_ms(seconds)
        used = (time.process_time() - cpu_s) / seconds
        are_open = platform.open_of(questions)
        kib = (memory_kib() - before_kib) / max(1, are_open)
        print(json.dumps({"lag_ms": lag, "kib": kib, "cpu": used, "open": are_open}), flush=True)
        os._exit(0)  # the answers need not end


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3]), float(sys.argv[4])))
