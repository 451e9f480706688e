"""The workers of one process: conversations with work, side by side, each one turn at a time."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Protocol

from cachetools import TTLCache

from core.domain import Fenced, StorageError, Turn
from core.turns.dispatch.claims import Claims
from core.util.activity import Activity
from core.util.log import log
from core.util.tasks import TaskSet

LATE_S = 5.0
"""How late a notice may come that was sent while a turn ran here."""
KEPT_S = 5.0
"""How long a worker is kept free for a turn that is being stored."""
MOST_ENDED = 1_000
"""Of so many conversations is known that a turn of theirs just ended, or is about to be stored."""


class Worklist(Protocol):
    """Where turns wait. Rows are the truth; the pool only remembers where to look next."""

    @property
    def claims_see_each_other(self) -> bool:
        """Whether claims made at the same time respect what each of them takes, so that none need wait."""

    async def claim(self, conversation_id: int, platforms: Collection[str]) -> Turn | None:
        """Give out a turn of these platforms to run: the conversation's next one, or one that comes before it.

        It tells in `has_successor` whether another waits behind it: who comes later is told of by `notify`.
        """

    async def recover(self, platforms: Collection[str], *, running: Collection[int]) -> int: ...

    async def renew(self, running: Collection[int]) -> None: ...

    async def conversations_with_work(self, platforms: Collection[str]) -> Sequence[int]: ...

    async def has_unfinished(self) -> bool:
        """Whether any turn waits, is delayed, or runs, in whichever process."""


class Carrier(Protocol):
    """What carries work between processes, and has one worker of all take it (`WorkerPool.take`)."""

    async def offer(self, conversations: Sequence[int]) -> None:
        """Have some worker look at each of them; where it waits for one already, nothing is added."""


class TurnRunner(Protocol):
    """Who runs a claimed turn."""

    async def run(self, turn: Turn) -> None: ...


@dataclass(frozen=True, slots=True)
class PoolSettings:
    """How many workers a pool has, and how often they look."""

    running_turns: int
    """So many turns run at once."""
    grace_s: float
    """How long running turns may go on once the pool is told to stop."""
    person_running: int | None = None
    """Of so many running turns of one person the worklist passes over further ones; None: it passes over none."""
    sweep_interval_s: float = 2.0
    """How often the rows are read for work that no notice told of, while any turn waits or runs."""
    idle_interval_s: float = 30.0
    """How often they are read while none does: what a lost notice told of is then found so late."""
    error_delay_s: float = 1.0
    """How long a worker rests after an error."""
    renew_interval_s: float = 10.0
    """How often the leases of running turns are renewed."""


class WorkerPool:
    """`core.domain.ports.TurnQueue` on asyncio.

    At most `running_turns` turns run at once, and no platform has all of them where there are several: one that
    hangs holds up no other. Conversations take turns, so that many questions in one hold up no other. Every
    `sweep_interval_s` the rows are read for work that no notice told of: delayed turns that are due, and turns that
    an error left behind. Where no turn waits or runs, in whichever process, `activity` rests until a notice comes.

    With a `carrier` a notice concerns only turns that run here: the carrier brings the work to one of the processes,
    with `take`. What a sweep finds is offered to all of them then. Whoever is brought to a conversation while a turn
    of it runs elsewhere finds nothing to do: the process that runs it hears of the same work by a notice, and looks
    once more when the turn ends. One that hears none looks after each turn.
    """

    def __init__(
        self,
        worklist: Worklist,
        platforms: Collection[str],
        settings: PoolSettings,
        *,
        look: Callable[[int], None] = lambda _conversation_id: None,
        carrier: Carrier | None = None,
        hears: Callable[[], bool] = lambda: False,
    ) -> None:
        """`look` is told of conversations that something changed in while a turn of theirs runs here.

        `hears`: whether notices of other processes come in at all.
        """
        most = settings.running_turns
        self._worklist = worklist
        self._platforms = platforms
        self._settings = settings
        self._person_running = most if settings.person_running is None else settings.person_running
        self._platform_running = most - most // 4 if len(platforms) > 1 else most
        self._look = look
        self._carrier = carrier
        self._hears = hears
        self.activity = Activity()
        """Whether any turn may wait or run."""
        self.noticed = asyncio.Event()
        """Set with the first notice: what only answers need can be made ready then."""
        self._hints: asyncio.Queue[int] = asyncio.Queue()
        """Conversations to look at next."""
        self._waiting: set[int] = set()
        self._looked: dict[int, asyncio.Future[None]] = {}
        """Who waits until a worker has looked at a conversation."""
        self._busy: Counter[int] = Counter()
        self._again: set[int] = set()
        self._just_ended: TTLCache[int, None] = TTLCache(MOST_ENDED, LATE_S)
        """Conversations that a turn of ended here a moment ago."""
        self._kept: TTLCache[int, None] = TTLCache(MOST_ENDED, KEPT_S)
        """Conversations that nobody else is told of: `notify` says when their turn is stored."""
        self._is_working = False
        self.freed = asyncio.Event()
        """Set when a place has become free."""
        self._running: set[int] = set()
        self._running_on: Counter[str] = Counter()
        self._running_of: Counter[str] = Counter()
        self._turns = TaskSet()
        self._claims = Claims(self._room if worklist.claims_see_each_other else lambda: 1)
        self._closing = False
        self._drained = asyncio.Event()
        self._sweep_wanted = asyncio.Event()
        self._sweeps = 0
        """How many of them read the rows at this moment."""

    def keep(self, conversation_id: int, platform: str) -> bool:
        """Whether a turn that is about to be stored needs no carrier. See `core.domain.ports.TurnQueue`.

        It does not where a worker here looks at its conversation in any case, or is free to.
        """
        if self._carrier is None or not self._is_working:
            return False
        if self.room(platform) or conversation_id in self._busy:
            self._kept[conversation_id] = None
        return conversation_id in self._kept

    def room(self, platform: str) -> int:
        """How many conversations more of a platform would be looked at here at once."""
        if self._closing or platform not in self._with_room():
            return 0
        wanted = self._busy.total() + len(self._waiting) + len(self._kept)
        return max(0, self._settings.running_turns - wanted)

    def notify(self, conversation_id: int) -> None:
        """Have the conversation's turns run. See `core.domain.ports.TurnQueue`."""
        is_kept = conversation_id in self._kept
        self._kept.pop(conversation_id, None)
        if self._carrier is None or is_kept or conversation_id in self._busy:
            self._hint(conversation_id)
        self.activity.stir()

    def heard(self, conversation_id: int) -> None:
        """Take note, as `notify`, that another process stored work; the turn before it may just have ended."""
        if self._carrier is not None and conversation_id in self._just_ended:
            self._hint(conversation_id)
        self.notify(conversation_id)

    async def take(self, conversation_id: int, within_s: float) -> bool:
        """Return once a worker looked at a conversation that a carrier brought; what it claimed may run on.

        False: all of them were busy for so long, or the pool is being closed; another process should look, and this
        one does so no more.
        """
        if self._closing:
            return False
        if conversation_id in self._busy:
            self._hint(conversation_id)
            return True
        looked = self._looked.setdefault(conversation_id, asyncio.get_running_loop().create_future())
        self._hint(conversation_id)
        await asyncio.wait([looked], timeout=within_s)
        if not looked.done() and conversation_id in self._waiting:
            self._waiting.discard(conversation_id)
            self._looked.pop(conversation_id, None)
            self._note_if_drained()
        return looked.done() and not self._closing

    def _hint(self, conversation_id: int) -> None:
        self._drained.clear()
        self.activity.stir()
        self.noticed.set()
        if conversation_id in self._busy:
            self._again.add(conversation_id)
            self._look(conversation_id)
        elif conversation_id not in self._waiting:
            self._waiting.add(conversation_id)
            self._hints.put_nowait(conversation_id)

    async def drained(self) -> None:
        """Wait until the rows were read once and nothing runs or is known to wait."""
        await self._drained.wait()

    async def work(self, runner: TurnRunner) -> None:
        """Run turns until cancelled; then let running ones finish for `grace_s`, and hand the rest over."""
        renewing = asyncio.create_task(self._renew())
        self._is_working = True
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._sweep())
                for _ in range(self._settings.running_turns):
                    group.create_task(self._work(runner))
        finally:
            self._is_working, self._closing = False, True
            await self._turns.drain(self._settings.grace_s)
            await self._turns.aclose()
            renewing.cancel()

    async def _work(self, runner: TurnRunner) -> None:
        while True:
            conversation_id = await self._hints.get()
            if conversation_id not in self._waiting:  # its carrier brings it elsewhere
                continue
            self._waiting.discard(conversation_id)
            self._busy[conversation_id] += 1
            # outlives a cancelled worker: `work` lets it finish then
            await asyncio.shield(self._turns.start(self._claim_and_run(conversation_id, runner)))
            self._note_if_drained()

    def _leave(self, conversation_id: int, *, look_again: bool) -> None:
        self._busy -= Counter([conversation_id])
        self._just_ended[conversation_id] = None
        if look_again or conversation_id in self._again:
            self._again.discard(conversation_id)
            self._hint(conversation_id)
        self.freed.set()

    def _note_if_drained(self) -> None:
        is_reading = self._sweeps or self._sweep_wanted.is_set()
        if not self._busy and not self._waiting and not is_reading:
            self._drained.set()

    async def _claim_and_run(self, conversation_id: int, runner: TurnRunner) -> None:
        look_again, hint = True, conversation_id
        turn: Turn | None = None
        try:
            try:
                turn = await self._claim(lambda: self._worklist.claim(hint, self._with_room()))
            finally:
                self._tell_of_look(hint)
            if turn is None:
                look_again = False
                return
            self._running_on[turn.place.platform] += 1
            self._running_of[turn.person_key] += 1
            if (conversation_id := turn.conversation_id) != hint:  # which may have work still
                self._busy[conversation_id] += 1
                self._leave(hint, look_again=True)
            try:
                await runner.run(turn)
            finally:
                is_full = self._ended(turn)
            # what came since then was told of, or brought elsewhere; a claim in vain costs a write
            is_untold = self._carrier is not None and not self._hears()
            look_again = (turn.has_successor or is_untold) and not is_full
        except (Fenced, StorageError) as error:  # the sweep finds what is left to do
            log.warning(
                "queue.interrupted", conversation=conversation_id, turn=turn and turn.id, cause=str(error)
            )
            await asyncio.sleep(self._settings.error_delay_s)
        except Exception:
            log.exception("queue.failed", conversation=conversation_id, turn=turn and turn.id)
            await asyncio.sleep(self._settings.error_delay_s)
        finally:
            self._leave(conversation_id, look_again=look_again)

    def _tell_of_look(self, conversation_id: int) -> None:
        looked = self._looked.pop(conversation_id, None)
        if looked is not None:
            looked.set_result(None)

    @asynccontextmanager
    async def holding(self, claim: Callable[[], Awaitable[Turn | None]]) -> AsyncIterator[Turn | None]:
        """Claim a turn for something else than to run it; inside, it counts as running here."""
        turn = await self._claim(claim)
        try:
            yield turn
        finally:
            if turn is not None:
                self._running.discard(turn.id)
                self._hint(turn.conversation_id)

    async def _claim(self, claim: Callable[[], Awaitable[Turn | None]]) -> Turn | None:
        """Claim a turn and know it as running here, before a sweep can take it for one that was left."""
        async with self._claims.one():
            turn = None if self._closing else await claim()
            if turn is not None:
                self._running.add(turn.id)
        return turn

    def _with_room(self) -> frozenset[str]:
        """The platforms that may have one more turn running."""
        return frozenset(name for name in self._platforms if self._running_on[name] < self._platform_running)

    def _room(self) -> int:
        """How many turns more may run on whichever platform."""
        return self._platform_running - max(self._running_on.values(), default=0)

    def _ended(self, turn: Turn) -> bool:
        """Free its place; whether its person had all of theirs, so that the rows tell which of their turns is next."""
        self._running.discard(turn.id)
        most, platform = self._settings.running_turns, turn.place.platform
        is_full = self._running_of[turn.person_key] >= self._person_running < most
        if is_full or self._running_on[platform] == self._platform_running < most:
            self.sweep_soon()  # some conversations may have been passed over
        self._running_on -= Counter([platform])
        self._running_of -= Counter([turn.person_key])
        return is_full

    def sweep_soon(self) -> None:
        """Have the rows read now instead of at the next interval: something there has changed."""
        self._sweep_wanted.set()
        self.activity.stir()

    async def sweep(self) -> None:
        """Read the rows for work that no notice told of."""
        self._sweep_wanted.clear()
        mark = self.activity.mark
        self._sweeps += 1  # what it finds isn't known to wait until it ends
        try:
            async with self._claims.none():
                left = await self._worklist.recover(self._platforms, running=frozenset(self._running))
            if left:
                log.warning("queue.recovered", turns=left)
            await self._spread()
        finally:
            self._sweeps -= 1
        self._note_if_drained()
        if not self._busy and not self._waiting and not await self._worklist.has_unfinished():
            self.activity.rest(mark)

    async def _spread(self) -> None:
        """Have the conversations with work looked at: here, or by whichever process the carrier brings them to."""
        if self._carrier is not None:
            await self._carrier.offer(await self._worklist.conversations_with_work(self._platforms))
            return
        for conversation_id in await self._worklist.conversations_with_work(self._with_room()):
            self._hint(conversation_id)

    async def _sweep(self) -> None:
        while True:
            try:
                await self.sweep()
            except StorageError as error:
                log.warning("queue.sweep_failed", cause=str(error))
            except Exception:
                log.exception("queue.sweep_failed")
            await self.activity.wait(self._settings.idle_interval_s)
            with suppress(TimeoutError):
                async with asyncio.timeout(self._settings.sweep_interval_s):
                    await self._sweep_wanted.wait()

    async def _renew(self) -> None:
        """Show that this process lives: turns whose lease runs out are taken over by another."""
        while True:
            await asyncio.sleep(self._settings.renew_interval_s)
            try:
                if self._running:
                    await self._worklist.renew(frozenset(self._running))
            except StorageError as error:
                log.warning("queue.renewal_failed", cause=str(error))
            except Exception:
                log.exception("queue.renewal_failed")
