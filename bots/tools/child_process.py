"""One child process: it is asked one thing at a time, in frames over its standard input and output.

A frame is its length in four bytes, and JSON. A child that takes too long, answers or prints too much, or ends, is
killed with all that it started, by the id of its process group.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, TypeAlias

Json: TypeAlias = dict[str, Any]
_FRAME_BYTES = 1_000_000
"""What a frame may hold beside a text as long as it may be: the schemas of many functions, a long traceback."""
_PRINTED_SHOWN = 2_000


class RunnerError(Exception):
    """A call brought no answer. `str(...)` tells the operator why; `plainly`, the model."""

    plainly = "it failed"


class Hung(RunnerError):
    """It took longer than it may."""

    plainly = "it took too long and was ended; whether it did anything is not known"


class Flooded(RunnerError):
    """It printed or answered more than it may."""

    plainly = "it printed too much and was ended; whether it did anything is not known"


class Ended(RunnerError):
    """The process ended in the middle."""

    plainly = "it ended early; whether it did anything is not known"


class Crowded(RunnerError):
    """All children had other things to do until the time was up. Nothing was begun."""

    plainly = "too much is going on at once and nothing was done; try again in a moment"


class Unfit(RunnerError):
    """A new child could not get ready. Nothing was begun."""

    plainly = "it can't be run at the moment, and nothing was done"


class Child:
    """A process that was started, and what it prints."""

    def __init__(self, process: asyncio.subprocess.Process, output_bytes: int) -> None:
        self._process = process
        self._output_bytes = output_bytes
        self._printed = bytearray()
        self._flooded = False
        self._draining = asyncio.create_task(self._drain())

    @classmethod
    async def start(cls, command: Sequence[str], environment: Mapping[str, str], output_bytes: int) -> Child:
        """Start a process in a group of its own, with nothing of our environment but what is handed over.

        Raises:
            Unfit: the system gives no process.
        """
        pipe = asyncio.subprocess.PIPE
        try:
            process = await asyncio.create_subprocess_exec(
                *command, stdin=pipe, stdout=pipe, stderr=pipe, env=dict(environment), start_new_session=True
            )
        except OSError as error:
            raise Unfit(f"no process could be started: {error.strerror}") from error
        return cls(process, output_bytes)

    @property
    def lives(self) -> bool:
        return self._process.returncode is None and not self._flooded

    @property
    def printed(self) -> str:
        """The end of what it printed since it was asked last."""
        return self._printed.decode("utf-8", "replace")[-_PRINTED_SHOWN:]

    async def ask(self, request: Json, within_s: float) -> Json:
        """Have it do one thing, and wait for what it says. Where that is an error, it is killed.

        Raises:
            Hung, Flooded, Ended: as they say.
        """
        self._printed.clear()
        try:
            async with asyncio.timeout(within_s):
                return await self._exchange(json.dumps(request).encode())
        except TimeoutError:
            self.kill()
            raise Hung(f"it took longer than {within_s:.1f} s") from None
        except (asyncio.IncompleteReadError, OSError, ValueError):
            self.kill()
            raise await self._why() from None
        except BaseException:
            self.kill()
            raise

    async def _exchange(self, data: bytes) -> Json:
        requests, answers = self._process.stdin, self._process.stdout
        if requests is None or answers is None:
            raise ValueError("no pipes")
        requests.write(len(data).to_bytes(4, "big") + data)
        await requests.drain()
        size = int.from_bytes(await answers.readexactly(4), "big")
        if size > _FRAME_BYTES + 2 * self._output_bytes:
            self._flooded = True
            raise ValueError(size)
        reply = json.loads(await answers.readexactly(size))
        if not isinstance(reply, dict):
            raise ValueError("no reply")  # noqa: TRY004  it is what came that is wrong, whatever its type
        return reply

    async def _why(self) -> RunnerError:
        if self._flooded:
            return Flooded(f"it printed or answered more than {self._output_bytes} bytes")
        status = await self._process.wait()
        how = f"by signal {signal.Signals(-status).name}" if status < 0 else f"with status {status}"
        return Ended(f"its process ended {how}")

    def kill(self) -> None:
        """End it at once, and whatever it started that is still in its group."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)

    async def gone(self) -> None:
        """Kill it, and wait until it is no more."""
        self.kill()
        await self._process.wait()
        self._draining.cancel()
        await asyncio.wait([self._draining])
        self._process._transport.close()  # type: ignore[attr-defined]  # noqa: SLF001  its pipes, if a grandchild holds them

    async def _drain(self) -> None:
        """Read what it prints, so that no full pipe holds it up; more than it may print ends it."""
        stream = self._process.stderr
        while stream is not None and (piece := await stream.read(65_536)):
            self._printed += piece
            if len(self._printed) > self._output_bytes:
                self._flooded = True
                self.kill()
                del self._printed[:-_PRINTED_SHOWN]
