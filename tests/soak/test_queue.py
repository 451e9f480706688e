"""A long line of questions: memory stays flat, and all are answered in order.

On Discord, where each channel has limits of its own: in one Slack workspace the methods' limits let some 65 answers a
minute through, so that the figure would be Slack's.
"""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest

from tests.soak.cradle import Child
from tests.soak.ground import Ground, amount, open_ground
from tests.soak.talk import DiscordPlace, Verdict
from tests.waiting import until

RUNNING = 50
EACH = 10
ALMOST_STANDING_TOKENS_PER_S = 0.5


class Memory:
    """How much memory a process holds, sampled every half second."""

    def __init__(self, child: Child) -> None:
        self._file = Path(f"/proc/{child.pid}/status")
        self.samples_mib: list[float] = []

    def now_mib(self) -> float:
        fields = dict(line.split(":", 1) for line in self._file.read_text().splitlines())
        return int(fields["VmRSS"].split()[0]) / 1024

    async def watch(self) -> None:
        while True:  # no deadline: until it is cancelled
            self.samples_mib.append(self.now_mib())
            await asyncio.sleep(0.5)


async def stored(ground: Ground, turns: int) -> bool:
    return sum((await ground.records.states()).values()) == turns


async def queued(ground: Ground, turns: int) -> Verdict:
    """Have everybody ask while AIVAX almost stands still; then let it answer at full speed."""
    ground.configure(running_turns=RUNNING)
    people = [DiscordPlace(ground.town, str(number), direct=True) for number in range(turns // EACH)]
    bot = await ground.start()
    await ground.ready()
    memory = Memory(bot)
    before_mib = memory.now_mib()
    watching = asyncio.create_task(memory.watch())
    for person in people * EACH:
        await ground.crowd.ask(person, "")
    await until("all questions to be stored", lambda: stored(ground, turns), 120)
    waiting, waiting_mib = await ground.records.states(), memory.now_mib()
    ground.town.sandbox.state.tokens_per_s, began = 0.0, time.monotonic()
    await ground.settled(900)
    took_s, end_mib = time.monotonic() - began, memory.now_mib()
    watching.cancel()
    assert await bot.stop() == 0
    verdict = await ground.verdict()
    await ground.report(
        verdict,
        f"{waiting['queued']} waited while {waiting['running']} ran; then all were answered in {took_s:.0f} s",
        f"memory in MiB: {before_mib:.0f} at the start, {waiting_mib:.0f} with all waiting,"
        f" {max(memory.samples_mib):.0f} at most, {end_mib:.0f} at the end",
    )
    assert max(memory.samples_mib) < before_mib + 100
    return verdict


@pytest.mark.soak
async def test_two_thousand_questions_wait_in_line(storage_url: str, tmp_path: Path) -> None:
    async with open_ground(tmp_path, storage_url, tokens_per_s=ALMOST_STANDING_TOKENS_PER_S) as ground:
        verdict = await queued(ground, amount("SOAK_QUEUED", 2000))

    assert verdict.faults == []
