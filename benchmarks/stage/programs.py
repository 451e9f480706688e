"""Programs in processes of their own, and what they use: CPU and memory as Linux counts them."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import statistics
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import TypeVar
from urllib.request import Request, urlopen

TREE = Path(__file__).resolve().parents[2]
TICK_S = 1 / os.sysconf("SC_CLK_TCK")
WITHIN_S = 120.0
"""The longest that anything is waited for; what takes longer fails by name."""
QUIET_S = 0.25
T = TypeVar("T")


class Program:
    """A running program."""

    def __init__(self, process: asyncio.subprocess.Process, log: Path) -> None:
        self._process = process
        self.pid = process.pid
        self.log = log

    async def line(self, within_s: float = WITHIN_S) -> str:
        """The next line on its standard output. Raises RuntimeError with its log where there is none."""
        assert self._process.stdout is not None
        async with asyncio.timeout(within_s):
            line = (await self._process.stdout.readline()).decode().rstrip("\n")
        if not line:
            raise RuntimeError(f"it ended:\n{self.log.read_text()[-4000:]}")
        return line

    async def told(self, beginning: str) -> str:
        """The next line that begins so."""
        while not (line := await self.line()).startswith(beginning):
            continue
        return line

    async def write(self, words: str) -> None:
        """Put words on its standard input."""
        assert self._process.stdin is not None
        self._process.stdin.write(words.encode())
        await self._process.stdin.drain()

    @property
    def cpu_s(self) -> float:
        """What its threads have used so far, those that have ended included; to 10 ms."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) * TICK_S

    @property
    def memory_mib(self) -> float:
        """What is resident of it."""
        fields = dict(
            line.split(":", 1) for line in Path(f"/proc/{self.pid}/status").read_text().splitlines()
        )
        return int(fields["VmRSS"].split()[0]) / 1024

    async def quiet(self) -> float:
        """Wait until it has done next to nothing for a while; what it has used until then, in seconds."""
        used_s = self.cpu_s
        async with asyncio.timeout(WITHIN_S):
            while True:
                await asyncio.sleep(QUIET_S)
                before_s, used_s = used_s, self.cpu_s
                if used_s - before_s <= TICK_S:
                    return used_s

    async def stop(self, *, by_signal: bool) -> None:
        """End it as an operator would, or by the end of its input; kill it and what it began if it does not."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        if by_signal and self._process.returncode is None:
            self._process.send_signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(30):
                await self._process.wait()
        except TimeoutError:
            os.killpg(self.pid, signal.SIGKILL)
            await self._process.wait()


@asynccontextmanager
async def program(
    *arguments: str,
    log: Path,
    cwd: Path | None = None,
    tree: Path = TREE,
    env: Mapping[str, str] | None = None,
    wrap: Sequence[str] = (),
) -> AsyncIterator[Program]:
    """Run `python ARGUMENTS` with the code of a checkout; what it says on standard error goes to the end of `log`.

    `wrap` is a program that starts it, with its arguments; it is ended by the end of its input.
    """
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(tree), "LANG": "C.UTF-8", **(env or {})}
    with log.open("ab") as errors:
        process = await asyncio.create_subprocess_exec(
            *wrap,
            sys.executable,
            *arguments,
            cwd=cwd or tree,
            env=environment,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=errors,
            start_new_session=True,
        )
    running = Program(process, log)
    try:
        yield running
    finally:
        await running.stop(by_signal=not wrap)


@asynccontextmanager
async def together(*opening: AbstractAsyncContextManager[T]) -> AsyncIterator[list[T]]:
    """Open all at the same moment, and close them so: what nobody measures takes as long as the slowest of them."""
    opened = await asyncio.gather(*(each.__aenter__() for each in opening), return_exceptions=True)
    failed = [each for each in opened if isinstance(each, BaseException)]
    to_close = [each for each, value in zip(opening, opened, strict=True) if value not in failed]
    try:
        if failed:
            raise failed[0]
        yield [each for each in opened if not isinstance(each, BaseException)]
    finally:
        await asyncio.gather(*(each.__aexit__(None, None, None) for each in to_close))


class Gateway:
    """The scripted AIVAX, from outside."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}/v1"
        self._root = f"http://127.0.0.1:{port}"

    async def be(self, state: str) -> None:
        """Begin an outage (`down`), or end it (`up`)."""
        asking = Request(f"{self._root}/{state}", method="POST")
        await asyncio.to_thread(lambda: urlopen(asking).read())


@asynccontextmanager
async def gateway(folder: Path) -> AsyncIterator[Gateway]:
    """A scripted AIVAX in a process of its own."""
    async with program("-m", "benchmarks.stage.gateway", log=folder / "gateway.log") as running:
        yield Gateway(json.loads(await running.line())["port"])


def median(values: list[float]) -> float:
    """The middle one of some values."""
    return statistics.median(values)
