"""Processes of the bot that start at once: a process that has imported everything, and forks.

Run as `python -m tests.soak.cradle`: each line on standard input, the arguments of `aivax-bots` and the file of its
log as JSON, begins a process; lines on standard output tell its id, and later how it ended.
"""

from __future__ import annotations

import asyncio
import faulthandler
import importlib
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from types import MappingProxyType
from typing import Any

from tests.town import ENVIRONMENT, PROJECT

_CHILDREN: set[int] = set()
ALL = (
    "aiosqlite",
    "anyio._backends._asyncio",
    "bots.app",
    "bots.discord.frontend",
    "bots.slack.frontend",
    "core.storage.db.migrate",
    "h11",
    "httpcore",
    "psycopg",
    "typer",
)
"""What a process of the bot imports sooner or later."""


class Child:
    """A process of the bot."""

    def __init__(self, pid: int, log: Path) -> None:
        self.pid = pid
        self.log = log
        self.ended: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        """Its exit status; negative for the signal that ended it."""

    @property
    def runs(self) -> bool:
        return not self.ended.done()

    def send(self, number: int) -> None:
        if self.runs:
            os.kill(self.pid, number)

    async def kill(self) -> None:
        self.send(signal.SIGKILL)
        await asyncio.wait_for(asyncio.shield(self.ended), 10)

    async def stop(self, within_s: float = 60) -> int:
        self.send(signal.SIGTERM)
        try:
            return await asyncio.wait_for(asyncio.shield(self.ended), within_s)
        except TimeoutError:
            self.send(signal.SIGUSR1)  # it writes into its log what it waits for
            await asyncio.sleep(1)
            raise AssertionError(
                f"it did not end within {within_s} s:\n{self.log.read_text()[-20_000:]}"
            ) from None


class Cradle:
    """Starts children and hears of their end. Made by `open_cradle`."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._begun: asyncio.Queue[int] = asyncio.Queue()
        self._one_at_a_time = asyncio.Lock()
        self.children: list[Child] = []

    async def start(self, config: Path, log: Path, *arguments: str) -> Child:
        """Begin `aivax-bots run`; its log goes to the end of a file."""
        assert self._process.stdin is not None
        given = {"arguments": ["run", "--config", str(config), *arguments], "log": str(log)}
        async with self._one_at_a_time:
            self._process.stdin.write(json.dumps(given).encode() + b"\n")
            child = Child(await asyncio.wait_for(self._begun.get(), 120), log)
            self.children.append(child)
        return child

    async def listen(self) -> None:
        assert self._process.stdout is not None
        async for line in self._process.stdout:
            told = json.loads(line)
            if "begun" in told:
                self._begun.put_nowait(told["begun"])
                await asyncio.sleep(0)  # `start` makes its child before its end is told
            else:
                await self._tell(told["ended"], told["status"])

    async def _tell(self, pid: int, status: int) -> None:
        for child in self.children:
            if child.pid == pid and child.runs:
                child.ended.set_result(status)


@asynccontextmanager
async def open_cradle(environment: Mapping[str, str] = MappingProxyType({})) -> AsyncIterator[Cradle]:
    """Import everything once; leaving the block ends every child. `environment`: what all of them have besides."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.soak.cradle",
        cwd=PROJECT,
        env={**ENVIRONMENT, **environment},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    cradle = Cradle(process)
    listening = asyncio.create_task(cradle.listen())
    try:
        yield cradle
    finally:
        for child in cradle.children:
            child.send(signal.SIGKILL)
        assert process.stdin is not None
        process.stdin.close()
        await asyncio.wait_for(process.wait(), 60)
        await listening


def _rock() -> None:
    """Fork for each line, until there are no more."""
    import bots.cli.main

    for name in ALL:
        importlib.import_module(name)

    signal.signal(signal.SIGCHLD, lambda *_: _reap())
    while line := os.read(0, 65536):
        for one in line.splitlines():
            _begin(json.loads(one), bots.cli.main.main)
    for pid in _CHILDREN:  # nobody is left to end them
        os.kill(pid, signal.SIGKILL)


def _begin(given: dict[str, Any], main: Callable[[], None]) -> None:
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCHLD})  # its beginning is told before its end
    if pid := os.fork():
        _CHILDREN.add(pid)
        _tell(begun=pid)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGCHLD})
        return
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGCHLD})
    log = os.open(given["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    nothing = os.open(os.devnull, os.O_RDWR)
    for target, source in ((0, nothing), (1, nothing), (2, log)):
        os.dup2(source, target)
    sys.argv = ["aivax-bots", *given["arguments"]]
    signal.signal(signal.SIGUSR1, lambda *_: _say_what_is_waited_for())
    main()
    os._exit(0)


def _say_what_is_waited_for() -> None:
    faulthandler.dump_traceback()
    for task in asyncio.all_tasks():
        task.print_stack()


def _reap() -> None:
    with suppress(ChildProcessError):
        while (ended := os.waitpid(-1, os.WNOHANG))[0]:
            _CHILDREN.discard(ended[0])
            _tell(ended=ended[0], status=os.waitstatus_to_exitcode(ended[1]))


def _tell(**what: int) -> None:
    os.write(1, json.dumps(what).encode() + b"\n")


if __name__ == "__main__":
    _rock()
