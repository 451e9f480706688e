"""Runs what may hang, leak or crash in child processes, a few at once; each is used again until it misbehaves."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from bots.tools.child_process import Child, Crowded, Ended, Flooded, Hung, RunnerError, Unfit
from core.util.log import log
from core.util.tasks import TaskSet

Json: TypeAlias = dict[str, Any]
START_S = 20.0
"""How long a child may take until it is ready: its imports may be many."""
_ENDING_S = 5.0
IDLE_S = 60.0
"""How long more than one child are kept that have nothing to do."""
_PASSED_ON = ("HOME", "LANG", "PATH", "TMPDIR", "TZ", "VIRTUAL_ENV", "SSL_CERT_FILE", "SSL_CERT_DIR")


@dataclass(frozen=True, slots=True)
class Limits:
    """What one call may take, and how many may run at once."""

    seconds: float
    memory_mb: int
    output_bytes: int
    at_once: int


def clean_environment(wanted: Sequence[str] = (), source: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The variables that a child is given: those of the machine that are no secret, and the `wanted` ones."""
    kept = {
        name: value
        for name, value in source.items()
        if name in _PASSED_ON or name.startswith("LC_") or name in wanted
    }
    # one arena of memory: each more reserves 64 MiB of the address space, which is what is limited
    return {**kept, "MALLOC_ARENA_MAX": "1", "PYTHONUNBUFFERED": "1", "PYTHONDONTWRITEBYTECODE": "1"}


class Runner:
    """Children of one command, each told the same `opening` when it is new."""

    def __init__(
        self, command: Sequence[str], opening: Json, limits: Limits, environment: Mapping[str, str]
    ) -> None:
        self._command = command
        self._opening = opening
        self._limits = limits
        self._environment = environment
        self._places = asyncio.Semaphore(limits.at_once)
        self._idle: list[tuple[Child, float]] = []
        self._all: set[Child] = set()
        self._starting, self._ending = TaskSet(), TaskSet()
        self._closed = False
        self._now = asyncio.get_running_loop().time

    async def open(self) -> Json:
        """Start the first child; what it replied to the opening.

        Raises:
            Unfit: it refused, or did not get ready.
        """
        child, reply = await self._start(START_S)
        self._keep(child)
        return reply

    async def call(self, request: Json) -> Json:
        """Have a child do something, within the limits.

        Raises:
            RunnerError: it did not come to an end; the subclass tells whether it may have done something.
        """
        deadline = self._now() + self._limits.seconds
        try:
            async with asyncio.timeout_at(deadline):
                await self._places.acquire()
        except TimeoutError:
            raise Crowded(f"no child was free within {self._limits.seconds:.1f} s") from None
        try:
            child = self._rested() or await self._started_by(deadline)
            return await self._ask(child, request, deadline - self._now())
        finally:
            self._places.release()

    async def _started_by(self, deadline: float) -> Child:
        """A new child; that none got ready is no fault of its own where most of the time went by before."""
        left_s = deadline - self._now()
        try:
            return (await self._start(left_s))[0]
        except Unfit as error:
            if left_s < self._limits.seconds / 2:
                raise Crowded("a child became free too late") from error
            raise

    async def _ask(self, child: Child, request: Json, within_s: float) -> Json:
        fit = False
        try:
            reply = await child.ask(request, within_s)
            fit = reply.get("fit") is True
            return reply
        finally:
            if child.printed:
                log.debug("tools.printed", name=request.get("name", ""), text=child.printed)
            if fit and child.lives and not self._closed:
                self._keep(child)
            else:
                self._drop(child)

    @property
    def has_children(self) -> bool:
        return len(self._all) + len(self._ending) > 0

    def retire(self) -> None:
        """Start nothing more, and end the children that rest; those at work end with what they do."""
        self._closed = True
        resting, self._idle = self._idle, []
        for child, _ in resting:
            self._drop(child)

    async def aclose(self) -> None:
        """End all children now, those at work too."""
        self.retire()
        await self._starting.aclose()
        for child in list(self._all):
            self._drop(child)
        await self._ending.drain(_ENDING_S)
        await self._ending.aclose()

    async def _start(self, within_s: float) -> tuple[Child, Json]:
        child = await Child.start(self._command, self._environment, self._limits.output_bytes)
        self._all.add(child)
        ready = False
        try:
            reply = await child.ask(self._opening, min(within_s, START_S))
            if wrong := reply.get("error") or reply.get("failure"):
                raise Unfit(str(wrong))
            ready = True
        except (Hung, Flooded, Ended) as error:
            raise Unfit(f"it did not get ready: {error}") from error
        finally:
            if not ready:
                self._end(child)
        return child, reply

    def _rested(self) -> Child | None:
        """The child that worked last, of those that live."""
        while self._idle:
            child, _ = self._idle.pop()
            if child.lives:
                return child
            self._drop(child)
        return None

    def _keep(self, child: Child) -> None:
        self._idle.append((child, self._now()))
        if len(self._idle) > 1:
            asyncio.get_running_loop().call_later(IDLE_S, self._thin)

    def _thin(self) -> None:
        """End children that had nothing to do for long, but for the one that worked last."""
        before = self._now() - IDLE_S
        long = [child for child, since in self._idle[:-1] if since <= before]
        self._idle = [each for each in self._idle if each[0] not in long]
        for child in long:
            self._drop(child)

    def _drop(self, child: Child) -> None:
        """End a child; another one gets ready, so that the next call need not wait for it."""
        self._end(child)
        if not self._closed and not self._idle and not self._starting:
            self._starting.start(self._warm(), name="tools-child-start")

    def _end(self, child: Child) -> None:
        if child in self._all:
            self._all.remove(child)
            child.kill()
            self._ending.start(child.gone(), name="tools-child-end")

    async def _warm(self) -> None:
        try:
            child, _ = await self._start(START_S)
        except RunnerError as error:
            log.warning("tools.child_not_started", reason=str(error))
        else:
            self._keep(child)
