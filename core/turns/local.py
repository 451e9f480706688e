"""The queue of a single process: conversations with work, side by side, each one turn at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from contextlib import suppress
from typing import Protocol

import structlog

from core.turns.model import Turn

log = structlog.get_logger(__name__)


class Worklist(Protocol):
    """Where turns wait. Rows are the truth; the queue only remembers where to look next."""

    async def claim(self, conversation_id: int) -> Turn | None: ...

    async def recover(self, platforms: Collection[str], *, running: Collection[int]) -> int: ...

    async def renew(self, running: Collection[int]) -> None: ...

    async def conversations_with_work(self, platforms: Collection[str]) -> Sequence[int]: ...


class TurnRunner(Protocol):
    """Who runs a claimed turn."""

    async def run(self, turn: Turn) -> None: ...


class LocalQueue:
    """`core.ports.TurnQueue` on asyncio.

    At most `running_turns` turns run at once; conversations take their turns in a circle, so that a long line in
    one holds up no other. Every `sweep_interval_s` the rows are read for work that no notice told of: delayed
    turns that are due, and turns that an error left behind.
    """

    def __init__(
        self,
        worklist: Worklist,
        platforms: Collection[str],
        *,
        running_turns: int,
        grace_s: float,
        sweep_interval_s: float = 2.0,
        error_delay_s: float = 1.0,
        renew_interval_s: float = 10.0,
    ) -> None:
        self._worklist = worklist
        self._platforms = platforms
        self._running_turns = running_turns
        self._grace_s = grace_s
        self._sweep_interval_s = sweep_interval_s
        self._error_delay_s = error_delay_s
        self._renew_interval_s = renew_interval_s
        self._line: asyncio.Queue[int] = asyncio.Queue()
        self._waiting: set[int] = set()
        self._busy: set[int] = set()
        self._again: set[int] = set()
        self._running: set[int] = set()
        self._turns: set[asyncio.Task[bool]] = set()
        self._claiming = asyncio.Lock()
        self._closing = False
        self._drained = asyncio.Event()
        self._stirred = asyncio.Event()

    def notify(self, conversation_id: int) -> None:
        """Have the conversation's turns run. See `core.ports.TurnQueue`."""
        self._drained.clear()
        if conversation_id in self._busy:
            self._again.add(conversation_id)
        elif conversation_id not in self._waiting:
            self._waiting.add(conversation_id)
            self._line.put_nowait(conversation_id)

    async def drained(self) -> None:
        """Wait until the rows were read once and nothing runs or is known to wait."""
        await self._drained.wait()

    async def work(self, runner: TurnRunner) -> None:
        """Run turns until cancelled; then let running ones finish for `grace_s`, and hand the rest over."""
        renewing = asyncio.create_task(self._renew())
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._sweep())
                for _ in range(self._running_turns):
                    group.create_task(self._work(runner))
        finally:
            self._closing = True
            await self._let_finish()
            renewing.cancel()

    async def _work(self, runner: TurnRunner) -> None:
        while True:
            conversation_id = await self._line.get()
            self._waiting.discard(conversation_id)
            self._busy.add(conversation_id)
            try:
                more = await self._run_next(conversation_id, runner)
            finally:
                self._busy.discard(conversation_id)
            if more or conversation_id in self._again:
                self._again.discard(conversation_id)
                self.notify(conversation_id)
            self._see_whether_drained()

    def _see_whether_drained(self) -> None:
        if not self._busy and not self._waiting:
            self._drained.set()

    async def _run_next(self, conversation_id: int, runner: TurnRunner) -> bool:
        """Run the conversation's next turn, if it has one; whether to look again."""
        task = asyncio.create_task(self._claim_and_run(conversation_id, runner))
        self._turns.add(task)
        task.add_done_callback(self._turns.discard)
        return await asyncio.shield(task)  # outlives a cancelled worker: `_let_finish` owns it then

    async def _claim_and_run(self, conversation_id: int, runner: TurnRunner) -> bool:
        try:
            turn = await self._claim(conversation_id)
            if turn is None:
                return False
            try:
                await runner.run(turn)
            finally:
                self._running.discard(turn.id)
        except Exception:
            log.exception("queue.failed", conversation=conversation_id)
            await asyncio.sleep(self._error_delay_s)
        return True

    async def _claim(self, conversation_id: int) -> Turn | None:
        """Claim a turn and know it as running here, before a sweep can take it for one that was left."""
        async with self._claiming:
            turn = None if self._closing else await self._worklist.claim(conversation_id)
            if turn is not None:
                self._running.add(turn.id)
            return turn

    def stir(self) -> None:
        """Have the rows read soon: something there has changed."""
        self._stirred.set()

    async def sweep(self) -> None:
        """Read the rows for work that no notice told of."""
        self._stirred.clear()
        async with self._claiming:
            left = await self._worklist.recover(self._platforms, running=frozenset(self._running))
        if left:
            log.warning("queue.recovered", turns=left)
        for conversation_id in await self._worklist.conversations_with_work(self._platforms):
            self.notify(conversation_id)
        self._see_whether_drained()

    async def _sweep(self) -> None:
        while True:
            try:
                await self.sweep()
            except Exception:
                log.exception("queue.sweep_failed")
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stirred.wait(), self._sweep_interval_s)

    async def _renew(self) -> None:
        """Show that this process lives: turns whose lease runs out are taken over by another."""
        while True:
            await asyncio.sleep(self._renew_interval_s)
            try:
                if self._running:
                    await self._worklist.renew(frozenset(self._running))
            except Exception:
                log.exception("queue.renewal_failed")

    async def _let_finish(self) -> None:
        running = set(self._turns)
        if not running:
            return
        _, late = await asyncio.wait(running, timeout=self._grace_s)
        for task in late:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
