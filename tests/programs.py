"""Starts `aivax-bots` as a process of its own within milliseconds: a process that has imported everything forks it.

An interpreter that begins from nothing spends over a second on imports, more than most of these tests on the rest.
Where the start itself is what a test looks at, it asks for a `fresh` one. Run as `python -m tests.programs FD`: each
message on that socket is a program's arguments, folder and environment as JSON, with its three standard files and a
pipe, to which its id is written, and later how it ended.
"""

from __future__ import annotations

import asyncio
import fcntl
import gc
import importlib
import json
import os
import resource
import signal
import socket
import subprocess
import sys
import termios
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from tests.waiting import soon

PROJECT = Path(__file__).parents[1]
MODULES = (
    "aiosqlite",
    "alembic.command",
    "alembic.autogenerate",
    "alembic.ddl.postgresql",
    "anyio._backends._asyncio",
    "babel.dates",
    "bots.answering",
    "bots.app",
    "bots.cli.chat",
    "bots.cli.commandline",
    "bots.cli.main",
    "bots.discord.frontend",
    "bots.discord.plugin",
    "bots.serve",
    "bots.slack.frontend",
    "bots.slack.plugin",
    "core.aivax.completions.calls",
    "core.aivax.stream.parser",
    "core.storage.db.migrate",
    "faulthandler",
    "h11",
    "httpcore",
    "psycopg",
    "rich.console",
    "sandbox.server",
    "sqlalchemy.dialects.postgresql.psycopg",
    "sqlalchemy.dialects.sqlite.aiosqlite",
)
"""What a process of the bot imports sooner or later."""
PIPE = asyncio.subprocess.PIPE


class Program:
    """A running `aivax-bots`; used like `asyncio.subprocess.Process`."""

    def __init__(
        self,
        pid: int,
        status: asyncio.StreamReader,
        stdin: asyncio.StreamWriter | None,
        outputs: Sequence[_Output | None],
    ) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self.stdin = stdin
        self.stdout, self.stderr = (each and each.reader for each in outputs)
        self._ended = asyncio.create_task(self._end(status, [each for each in outputs if each]))

    def send_signal(self, number: int) -> None:
        if self.returncode is None:
            with suppress(ProcessLookupError):  # it has ended, and its status is on the way
                os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    async def wait(self) -> int:
        return await asyncio.shield(self._ended)

    async def communicate(self, typed: bytes | None = None) -> tuple[bytes, bytes]:
        """Close its input after `typed`, and read all that it still writes."""
        if self.stdin is not None:
            with suppress(BrokenPipeError, ConnectionResetError):
                self.stdin.write(typed or b"")
                await self.stdin.drain()
            self.stdin.close()
        out, err, _ = await asyncio.gather(_rest(self.stdout), _rest(self.stderr), self.wait())
        return out, err

    async def _end(self, status: asyncio.StreamReader, outputs: Sequence[_Output]) -> int:
        self.returncode = int(await status.read())
        if self.stdin is not None:
            self.stdin.close()
        for output in outputs:
            await soon("the end of what it wrote", output.closed.wait())
        return self.returncode


class _Output(asyncio.StreamReaderProtocol):
    """What a program writes."""

    def __init__(self) -> None:
        self.reader = asyncio.StreamReader()
        self.closed = asyncio.Event()
        super().__init__(self.reader)

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self.closed.set()


async def _rest(stream: asyncio.StreamReader | None) -> bytes:
    return b"" if stream is None else await stream.read()


class Forker:
    """The process that forks programs. One is enough for a test process."""

    def __init__(self) -> None:
        self._socket, its = socket.socketpair()
        with its:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.programs", str(its.fileno())],
                cwd=PROJECT,
                env={"PATH": os.environ["PATH"], "PYTHONPATH": str(PROJECT), "LANG": "C.UTF-8"},
                pass_fds=[its.fileno()],
            )

    async def start(
        self,
        *arguments: str,
        cwd: Path | None = None,
        env: Mapping[str, str],
        files: tuple[int, int, int],
        open_files: int | None = None,
        terminal: bool = False,
    ) -> Program:
        """Begin a program. `files` are its three standard files, or `PIPE`; `terminal`: the first is to be its own."""
        ends = [_pipe(file, to_it=number == 0) for number, file in enumerate(files)]
        status, its_status = os.pipe()
        given = {
            "arguments": arguments,
            "cwd": str(cwd or Path.cwd()),
            "env": dict(env),
            "open_files": open_files,
            "terminal": terminal,
        }
        passed = [*(its for _, its in ends), its_status]
        socket.send_fds(self._socket, [json.dumps(given).encode()], passed)
        for (ours, _), its in zip([*ends, (status, its_status)], passed, strict=True):
            if ours is not None:
                os.close(its)
        stdin, stdout, stderr = (ours for ours, _ in ends)
        told = (await _reading(status)).reader
        return Program(
            int(await told.readline()),
            told,
            None if stdin is None else await _writing(stdin),
            [None if each is None else await _reading(each) for each in (stdout, stderr)],
        )

    def end(self) -> None:
        """End it, and what it began."""
        self._socket.close()
        self._process.wait(30)


_forkers: list[Forker] = []


def forker() -> Forker:
    """The forker of this test process; begun when it is first asked for."""
    if not _forkers:
        _forkers.append(Forker())
    return _forkers[0]


def end_forker() -> None:
    while _forkers:
        _forkers.pop().end()


def _pipe(file: int, *, to_it: bool) -> tuple[int | None, int]:
    """Our end of a standard file, where it is a pipe, and its own."""
    if file != PIPE:
        return None, file
    reading, writing = os.pipe()
    return (writing, reading) if to_it else (reading, writing)


async def _reading(file: int) -> _Output:
    loop = asyncio.get_running_loop()
    _, protocol = await loop.connect_read_pipe(_Output, os.fdopen(file, "rb", 0))
    return protocol


async def _writing(file: int) -> asyncio.StreamWriter:
    loop = asyncio.get_running_loop()
    transport, protocol = await loop.connect_write_pipe(
        asyncio.streams.FlowControlMixin, os.fdopen(file, "wb", 0)
    )
    return asyncio.StreamWriter(transport, protocol, None, loop)


# In the process that forks


def _fork_until_closed(asked: socket.socket) -> bool:
    """Fork for each message. Comes back in each program with True, and with False where nobody asks any more."""
    for name in MODULES:
        importlib.import_module(name)
    gc.freeze()
    programs: dict[int, int] = {}
    signal.signal(signal.SIGCHLD, lambda *_: _reap(programs))
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    while True:
        given, files, _, _ = socket.recv_fds(asked, 65_536, 4)
        if not given:
            break
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCHLD})  # its beginning is told before its end
        if pid := os.fork():
            programs[pid] = files[3]
            os.write(files[3], f"{pid}\n".encode())
            for file in files[:3]:
                os.close(file)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGCHLD})
            continue
        asked.close()
        _become(json.loads(given), files)
        return True
    for pid in programs:
        os.kill(pid, signal.SIGKILL)
    return False


def _reap(programs: dict[int, int]) -> None:
    with suppress(ChildProcessError):
        while (ended := os.waitpid(-1, os.WNOHANG))[0]:
            told = programs.pop(ended[0])
            with suppress(BrokenPipeError):
                os.write(told, f"{os.waitstatus_to_exitcode(ended[1])}\n".encode())
            os.close(told)


def _become(given: dict[str, Any], files: list[int]) -> None:
    """Make this process what a fresh interpreter would be, just before it runs the program."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGCHLD})
    for target, file in enumerate(files[:3]):
        os.dup2(file, target)
    os.closerange(3, 256)
    if given["terminal"]:
        os.setsid()
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    if given["open_files"]:
        resource.setrlimit(resource.RLIMIT_NOFILE, (given["open_files"],) * 2)
    os.chdir(given["cwd"])
    os.environ.clear()
    os.environ.update(given["env"])
    sys.stdin = os.fdopen(0, errors="surrogateescape", closefd=False)
    sys.stdout = os.fdopen(1, "w", errors="surrogateescape", closefd=False)
    sys.stderr = os.fdopen(2, "w", buffering=1, errors="backslashreplace", closefd=False)
    sys.argv = ["aivax-bots", *given["arguments"]]


if __name__ == "__main__":
    if _fork_until_closed(socket.socket(fileno=int(sys.argv[1]))):
        from bots.cli.main import main

        main()
