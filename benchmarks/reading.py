"""CPU of reading a streamed answer, for each chunk: ours, the `openai` SDK, and bare httpx.

    python benchmarks/reading.py [--chunks 20000] [--rounds 5] [--json] [OTHER_CHECKOUT]

The same answer comes in 4 KiB writes, and with each event in a write of its own, from a server in a process of its own.
Each reader is a process, too, and they take turns; what counts is the CPU, user and system, that an answer takes it
after one that warms it up. Every answer is compared letter by letter with what was sent. The client of OTHER_CHECKOUT,
another checkout of this project, reads as well (`before`).
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, aclosing, asynccontextmanager
from inspect import signature
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parents[1]
WAYS = {"packed": ("in 4 KiB writes", 30), "events": ("one event a write", 8)}
"""How the answer comes, and to which part of the SDK's CPU ours is to come down."""
ANSWERS = {"openai": 1}
"""How many count of a process. The SDK takes two seconds for each, forty times what ours does: ..."""
ANSWERS_OTHERWISE = 3
"""... which would be short for one."""
_ALL = 10_000_000
Reader = Callable[[str], AbstractAsyncContextManager[Callable[[], Awaitable[str | bytes]]]]


def main() -> None:
    """Measure in turn, or, in a process that was started for it, one reader."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("other", nargs="?", type=Path, help="another checkout, to compare with")
    parser.add_argument("--chunks", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", action="store_true", help="print rows as JSON")
    parser.add_argument("--inside", nargs=2, metavar=("READER", "ADDRESS"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.inside:
        print(json.dumps(asyncio.run(measured_here(*given.inside, given.chunks))))
        return
    rows = measured(given.chunks, given.rounds, given.other)
    print(json.dumps(rows) if given.json else table(rows))


def measured(chunks: int, rounds: int, other: Path | None = None) -> list[dict[str, object]]:
    """One row for each way: medians in microseconds of CPU a chunk, the ratio to the SDK, and the verdict."""
    from scripted_server import serving

    readers = {"ours": HERE, "openai": HERE, "httpx": HERE} | ({"before": other} if other else {})
    took: dict[str, dict[str, list[float]]] = {way: {name: [] for name in readers} for way in WAYS}
    with serving(chunks) as address:
        for _ in range(rounds):
            for name, checkout in readers.items():
                for way, each in measured_in(checkout, name, address, chunks).items():
                    took[way][name].append(each)
    return [_row(way, {name: statistics.median(each) for name, each in took[way].items()}) for way in WAYS]


def _row(way: str, medians: dict[str, float]) -> dict[str, object]:
    what, part = WAYS[way]
    ratio = medians["ours"] / medians["openai"]
    return {
        "row": f"CPU a chunk, {what}",
        "goal": f"<= 1/{part} of the openai SDK",
        **{name: round(each, 2) for name, each in medians.items()},
        "ratio": round(ratio, 4),
        "verdict": "met" if ratio <= 1 / part else "missed",
    }


def measured_in(checkout: Path, reader: str, address: str, chunks: int) -> dict[str, float]:
    """Microseconds of CPU a chunk, for each way, of one reader in a process of its own."""
    command = [sys.executable, __file__, "--chunks", str(chunks), "--inside", reader, address]
    environment = {**os.environ, "PYTHONPATH": str(checkout.resolve())}
    done = subprocess.run(command, cwd=checkout, env=environment, check=True, stdout=subprocess.PIPE)
    took: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return took


async def measured_here(reader: str, address: str, chunks: int) -> dict[str, float]:
    """The same, in this process."""
    from baselines import httpx_stream
    from scripted_server import text_of

    text, took = text_of(chunks), {}
    for way in WAYS:
        async with reader_called(reader)(f"{address}/{way}/v1") as read:
            for _ in range(1 + ANSWERS.get(reader, ANSWERS_OTHERWISE)):
                began = time.process_time()
                said = await read()
                took.setdefault(way, []).append((time.process_time() - began) * 1e6 / chunks)
                assert (said if isinstance(said, str) else httpx_stream.text_of(said)) == text, (
                    "another answer"
                )
    return {way: statistics.median(each[1:]) for way, each in took.items()}


def reader_called(name: str) -> Reader:
    """Only what is measured is imported."""
    if name == "openai":
        from baselines import openai_stream

        return openai_stream.reader
    if name == "httpx":
        from baselines import httpx_stream

        return httpx_stream.reader
    return ours


@asynccontextmanager
async def ours(base_url: str) -> AsyncIterator[Callable[[], Awaitable[str]]]:
    """The client of this project, with a bound that lets all of the answer through."""
    from core.aivax.client import AivaxClient
    from core.aivax.request import ChatMessage, CompletionRequest
    from core.aivax.stream.bounds import AnswerBounds
    from core.aivax.stream.events import Text
    from core.settings import AivaxSettings

    asked = CompletionRequest((ChatMessage("user", "Tell me a long story."),))
    settings = AivaxSettings(base_url=base_url, api_key="sk-benchmark", model="m")  # type: ignore[arg-type]  # as loaded
    is_older = "answer_chars" in signature(AivaxClient).parameters  # a checkout to compare with
    bounds: Any = {"answer_chars": _ALL} if is_older else {"bounds": AnswerBounds(chars=_ALL)}
    async with AivaxClient(settings, **bounds) as aivax:

        async def read() -> str:
            async with aclosing(aivax.complete(asked)) as timeline:
                return "".join([event.delta async for event in timeline if isinstance(event, Text)])

        yield read


def table(rows: list[dict[str, object]]) -> str:
    """The rows, to be read."""
    return "\n".join("  ".join(f"{name} {value}" for name, value in row.items()) for row in rows)


if __name__ == "__main__":
    main()
