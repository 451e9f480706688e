"""Turns of the core alone, in the process under test: a made-up platform in memory, a real gateway and database.

    python -m benchmarks.inside.turns DATABASE GATEWAY [DISPATCH]

Prints "ready". Each line on standard input, `TURNS AT_ONCE PIECES SAME` (`SAME` 1: all in one conversation), is
answered by a line of JSON: CPU in ms and seconds of the clock for all of them, statements and transactions. Runs with
the code of any checkout since commit 7245764, whose own stage of the tests it uses.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
import uuid
from collections import Counter
from types import SimpleNamespace
from typing import Any

from sqlalchemy import Engine, event

from bots import logs
from bots.settings import LogSettings
from tests.stage import staged

try:
    from core.domain import Author, Identity, Place, Said
except ImportError:  # commit 7245764
    from core.messages import Author, Identity, Place, Said  # type: ignore[import-not-found, no-redef]

CONTROL = ("BEGIN", "COMMIT", "ROLLBACK", "PRAGMA", "SAVEPOINT", "RELEASE")
LOOK_S = 0.01


class Counts:
    """The statements and transactions that any engine sees."""

    def __init__(self) -> None:
        self.seen: Counter[str] = Counter()
        event.listen(Engine, "before_cursor_execute", self._statement)
        event.listen(Engine, "begin", self._transaction)

    def _statement(self, _connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if not statement.lstrip().upper().startswith(CONTROL):
            self.seen["statements"] += 1

    def _transaction(self, _connection: Any) -> None:
        self.seen["transactions"] += 1


def asked(number: int, words: str, *, same: bool) -> Said:
    """A question; each in a place of its own unless it is to be the same for all."""
    who = "u1" if same else f"u{2 + number % 200}"
    where = "c1" if same else uuid.uuid4().hex
    event_key = uuid.uuid4().hex
    return Said(
        keys=(event_key,),
        origin=event_key,
        author=Author(Identity("fake", "W1", who), who),
        place=Place("fake", "W1", where, private=True),
        address=where,
        text=words,
    )


async def ask(stage: Any, count: int, at_once: int, pieces: int, *, same: bool) -> None:
    """Have so many turns answered, never more than `at_once` at the same time, and look that each was."""
    words = f"Please say {pieces} pieces at 0/s."
    for first in range(0, count, at_once):
        questions = [asked(each, words, same=same) for each in range(first, min(count, first + at_once))]
        await asyncio.gather(*(stage.core.intake.receive(each) for each in questions))
        await stage.rest()
        while not all(stage.platform.visible(each.address) for each in questions):
            await asyncio.sleep(LOOK_S)  # a job is still to bring it
            await stage.rest()
        ends = {stage.platform.visible(each.address)[-1].split()[-1] for each in questions}
        assert len(ends) == 1, ends


async def main(url: str, gateway: str, dispatch: str = "") -> None:
    logs.configure(LogSettings())
    counts, server = Counts(), SimpleNamespace(base_url=gateway.removesuffix("/v1"))
    sections = {"storage": {"dispatch": dispatch}} if dispatch else {}
    async with staged(url, sandbox=server, **sections) as stage:  # type: ignore[arg-type]  # its address is enough
        print("ready", flush=True)
        while line := await asyncio.to_thread(sys.stdin.readline):
            count, at_once, pieces, same = map(int, line.split())
            counts.seen.clear()
            cpu_s, began = time.process_time(), time.perf_counter()
            await ask(stage, count, at_once, pieces, same=bool(same))
            took = {"cpu_ms": (time.process_time() - cpu_s) * 1000, "seconds": time.perf_counter() - began}
            print(json.dumps({**took, **counts.seen}), flush=True)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
