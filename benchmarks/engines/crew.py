"""Workers as processes: started, killed and frozen; what each of them told is gathered by key."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections import defaultdict
from typing import Self


class Crew:
    """The workers of one engine on one database."""

    def __init__(self, name: str, url: str) -> None:
        self._command = [sys.executable, "-m", "benchmarks.engines.worker", name, url]
        self.workers: list[Process] = []
        self.seen: dict[str, list[float]] = defaultdict(list)
        self._readers: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        for worker in self.workers:
            with contextlib.suppress(ProcessLookupError):
                worker.kill()
        await asyncio.gather(*(worker.wait() for worker in self.workers), *self._readers)

    async def start(self, count: int) -> None:
        for _ in range(count):
            process = await asyncio.create_subprocess_exec(
                *self._command, stdout=PIPE, stderr=asyncio.subprocess.DEVNULL, env=os.environ
            )
            self.workers.append(process)
            self._readers.append(asyncio.create_task(self._read(process)))

    async def kill(self, index: int) -> None:
        """End the worker at once, and start another in its place."""
        worker = self.workers.pop(index)
        worker.kill()
        await worker.wait()
        await self.start(1)

    def freeze(self, index: int) -> Process:
        self.workers[index].send_signal(signal.SIGSTOP)
        return self.workers[index]

    async def saw(self, keys: set[str], timeout_s: float) -> set[str]:
        """Wait for keys; those that were not seen in time."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                while not keys <= self.seen.keys():  # noqa: ASYNC110  lines of several pipes
                    await asyncio.sleep(0.02)
        return keys - self.seen.keys()

    async def _read(self, process: Process) -> None:
        assert process.stdout is not None
        async for line in process.stdout:
            key, _, at = line.decode().strip().partition(" ")
            self.seen[key].append(float(at))
