"""One process of the bot whose work is timed: a listener that tells when a question was stored, or a worker that tells
when it began with one.

    python -m benchmarks.inside.handover listen DATABASE GATEWAY DISPATCH
    python -m benchmarks.inside.handover work DATABASE GATEWAY DISPATCH [ended]

Prints "ready". To a listener each line on standard input, `COUNT RATE`, has so many questions asked, so many a second,
each in a conversation of its own. It prints `KEY SECONDS` for each: the time of day after the commit; a worker
`took CONVERSATION SECONDS` when a job brings it there, and `KEY CONVERSATION SECONDS` when the turn's run begins. With
`ended` a turn is over at once, unanswered: what remains is what carries it.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
from dataclasses import replace
from types import SimpleNamespace

from benchmarks.inside.turns import asked
from bots import logs
from bots.app import Core, open_core
from bots.settings import LogSettings
from core.domain import Turn, TurnState
from core.storage.turns.store import TurnStore
from core.turns.worker_pool import TurnRunner, WorkerPool
from tests.stage import FakePlatform, settings_for

WORDS = "Please say 3 pieces at 0/s."


def tell(*what: object) -> None:
    """A line for the one who measures, at once, with the time of day."""
    os.write(1, f"{' '.join(map(str, what))} {time.time()}\n".encode())


def tell_of_jobs(pool: WorkerPool) -> None:
    """Tell of each job that is brought to a pool before it is looked at."""
    take = pool.take

    async def told(conversation_id: int, within_s: float) -> bool:
        tell("took", conversation_id)
        return await take(conversation_id, within_s)

    pool.take = told  # type: ignore[method-assign]  # what is timed goes on as it would


class Timed:
    """A runner that tells when a turn begins."""

    def __init__(self, runner: TurnRunner) -> None:
        self._runner = runner

    async def run(self, turn: Turn) -> None:
        """See `core.turns.worker_pool.TurnRunner`."""
        tell(turn.place.channel, turn.conversation_id)
        await self._runner.run(turn)


class Ended:
    """A runner that only closes what it is given."""

    def __init__(self, turns: TurnStore) -> None:
        self._turns = turns

    async def run(self, turn: Turn) -> None:
        """See `core.turns.worker_pool.TurnRunner`."""
        await self._turns.close(turn, TurnState.CANCELLED)


async def ask(core: Core) -> None:
    """Ask what standard input says, until it ends."""
    number = 0
    while line := await asyncio.to_thread(sys.stdin.readline):
        count, rate = int(line.split()[0]), float(line.split()[1])
        began = time.monotonic()
        async with asyncio.TaskGroup() as group:
            for each in range(count):
                await asyncio.sleep(max(0.0, began + each / rate - time.monotonic()))
                number += 1
                group.create_task(_ask(core, number))
        tell("all")


async def _ask(core: Core, number: int) -> None:
    question = asked(number, WORDS, same=False)
    await core.intake.receive(question)
    tell(question.place.channel)


async def main(role: str, url: str, gateway: str, dispatch: str, *ended: str) -> None:
    """Be the process."""
    logs.configure(LogSettings())
    server = SimpleNamespace(base_url=gateway.removesuffix("/v1"))
    settings = settings_for(url, server, storage={"dispatch": dispatch})  # type: ignore[arg-type]  # its address is enough
    async with open_core(settings, {"fake": FakePlatform()}) as core:
        if role == "listen":
            tell("ready")
            await ask(core)
            return
        runner = Ended(TurnStore(core.database, core.database.now, "ends")) if ended else core.runner
        tell_of_jobs(core.pool)
        timed = Timed(runner)
        working = asyncio.create_task(replace(core, open_runner=lambda: timed).work())
        tell("ready")
        await asyncio.to_thread(sys.stdin.read)
        working.cancel()
        await asyncio.gather(working, return_exceptions=True)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
