"""Turns of the core alone, in processes of their own: `benchmarks.inside.turns` from outside."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from .programs import TREE, Gateway, Program, median, program

INSIDE = TREE / "benchmarks/inside/turns.py"
PIECES = 60
"""A short answer, which comes packed: what remains is the turn itself."""


@dataclass(frozen=True, slots=True)
class Round:
    """What some turns used, for one turn."""

    cpu_ms: float
    seconds: float
    statements: float = 0.0
    transactions: float = 0.0


class CoreProcess:
    """A process that answers turns on a database."""

    def __init__(self, running: Program) -> None:
        self.program = running

    async def turns(self, count: int, *, at_once: int = 1, same: bool = False) -> Round:
        """Have so many turns answered."""
        await self.program.write(f"{count} {at_once} {PIECES} {int(same)}\n")
        told = json.loads(await self.program.line())
        return Round(**{name: value / count for name, value in told.items()})


@asynccontextmanager
async def core_process(
    url: str,
    gateway: Gateway,
    folder: Path,
    *,
    tree: Path = TREE,
    wrap: Sequence[str] = (),
    dispatch: str = "",
) -> AsyncIterator[CoreProcess]:
    """A process with the code of a checkout, warm. `wrap`: a program that starts it, with its arguments.

    `dispatch`: how work reaches it on PostgreSQL; the default of its commit where nothing is said.
    """
    arguments = (str(INSIDE), url, gateway.url, *([dispatch] if dispatch else []))
    async with program(*arguments, tree=tree, wrap=wrap, log=folder / "core.log") as running:
        await running.told("ready")
        process = CoreProcess(running)
        await process.turns(3)
        yield process


async def by_turns(
    sides: Sequence[CoreProcess], rounds: int, count: int, *, at_once: int = 1, same: Sequence[bool] = ()
) -> list[Round]:
    """The medians of each process, which take turns. `same`: of which ones all questions are of one conversation."""
    found: list[list[Round]] = [[] for _ in sides]
    in_ones = same or [False] * len(sides)
    for _ in range(rounds):
        for into, process, in_one in zip(found, sides, in_ones, strict=True):
            into.append(await process.turns(count, at_once=at_once, same=in_one))
    return [medians(each) for each in found]


def medians(rounds: Sequence[Round]) -> Round:
    """Each figure's median."""
    names = ("cpu_ms", "seconds", "statements", "transactions")
    return Round(**{name: median([getattr(each, name) for each in rounds]) for name in names})
