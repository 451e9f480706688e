"""Connections to a platform, divided among the processes that listen to it.

Each process looks at the rows four times in the length of a lease: it stays a member, keeps its parts, gives back what
is more than its share and takes free ones up to it. So the parts of a process that died or froze are with others after
one and a quarter of a lease at most.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping

from core.domain import BotError, StorageError, Watch
from core.storage.cluster.looks import Shared
from core.storage.cluster.parts import PartStore
from core.storage.db.postgresql.clock import uptime
from core.util.clock import Now, Sleep
from core.util.log import log
from core.util.tasks import first_done

LOOK_AFTER = 0.25
"""The part of a lease after which a process looks again."""
MARGIN = 0.8
"""The part of a lease that its holder counts on: the rest is for the way to the database and back."""

Serve = Callable[[int, Watch], Awaitable[None]]
"""Holds one part's connection until cancelled, and tells the watch of it."""


def share_of(owner: str, holding: Mapping[str, int], size: int, most: int | None = None) -> int:
    """How many of `size` parts are a process's to have; one more for those that have most already, so that few move."""
    each, more = divmod(size, max(1, len(holding)))
    ranked = sorted(holding, key=lambda name: (-holding[name], name))
    share = each + (owner in ranked[:more])
    return share if most is None else min(share, most)


class Share:
    """This process's parts of something that all processes share.

    A process that was frozen for longer than its lease is not `sure` of its parts when it wakes, and asks the database
    before it does anything with them. While the database is away nobody can take a part over: all keep what they have.
    """

    def __init__(
        self,
        store: PartStore,
        size: int,
        *,
        most: int | None = None,
        since: Now = uptime,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        """`most`: how many parts one process may have, whatever its share is."""
        self.size = size
        self._store = store
        self._most = most
        self._since = since
        self._sleep = sleep
        self._looking = asyncio.Lock()
        self._news = asyncio.Event()
        self._sure_until = float("-inf")
        self._ours: frozenset[int] = frozenset()
        self._ended: set[int] = set()
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._told: Watches | None = None
        self.members = 1
        """How many processes share, as of the last look."""

    @property
    def sure(self) -> bool:
        """Whether the parts are this process's at this moment, as far as it can know."""
        return self._since() < self._sure_until

    @property
    def stands_by(self) -> bool:
        """Whether none of the parts is ours, because others have them."""
        return self._told is not None and not self._ours

    async def has(self, part: int) -> bool:
        """Whether a part is this process's; asks the database where that is not sure."""
        if not self.sure:
            async with self._looking:
                if not self.sure:
                    await self._look()
            self._news.set()
        return part in self._ours

    async def run(self, serve: Serve, watch: Watch) -> None:
        """Hold the connections of our parts until cancelled; a process without any stands by, and counts as up.

        Raises what `serve` raises, and returns where it does: then all connections end, and others may take the parts.
        """
        self._told = Watches(watch)
        try:
            while True:
                async with self._looking:
                    await self._look()
                self._begin_and_end(serve, self._told)
                self._news.clear()
                pause = self._sleep(self._store.lease_s * LOOK_AFTER)
                await first_done(pause, self._news.wait(), *map(_done, self._tasks.values()))
                if self._collect():
                    return
        finally:
            await self._leave()

    async def _look(self) -> None:
        """Bring what we know up to date, give back what is too much, take what is missing."""
        asked_at, lease_s = self._since(), self._store.lease_s
        keep = self._ours | set(self._tasks)
        try:
            async with asyncio.timeout(lease_s * LOOK_AFTER):
                shared = await self._store.look(self.size, keep - self._ended, self._ended)
                self._ended.clear()
                self.members = len(shared.holding)
                self._ours = await self._fitted(shared)
        except (StorageError, TimeoutError) as error:
            log.warning("sharing.unknown", cause=str(error) or type(error).__name__)
            self._sure_until = self._since() + lease_s * LOOK_AFTER * 2
            return
        self._sure_until = asked_at + MARGIN * lease_s

    async def _fitted(self, shared: Shared) -> frozenset[int]:
        """Which parts to serve from now on. One that is to go stays in its row until its connection has ended."""
        lost = {part for part in self._tasks if not self._is_ending(part)} - shared.ours
        if lost:
            log.warning("sharing.lost", parts=sorted(lost))
        share = share_of(self._store.owner, shared.holding, self.size, self._most)
        serving = sorted(part for part in shared.ours if not self._is_ending(part))[:share]
        # those that still end are counted: two connections more than the share are never open
        missing = share - len(shared.ours)
        wanted = sorted(shared.free)[: max(0, missing)]
        taken = [part for part in wanted if await self._store.take(self.size, part)]
        if taken:
            log.info("sharing.taken", parts=taken, of=self.size)
        return frozenset((*serving, *taken))

    def _is_ending(self, part: int) -> bool:
        task = self._tasks.get(part)
        return task is not None and task.cancelling() > 0

    def _begin_and_end(self, serve: Serve, told: Watches) -> None:
        for part, task in self._tasks.items():
            if part not in self._ours and not task.cancelling():
                task.cancel()
        for part in sorted(self._ours - set(self._tasks)):
            self._tasks[part] = asyncio.create_task(_serve(serve, part, told.of(part)), name=f"part-{part}")
        told.settle(set(self._ours))

    def _collect(self) -> bool:
        """Forget the connections that we ended; whether one ended by itself. Raises what it ended by."""
        for part, task in list(self._tasks.items()):
            if not task.done():
                continue
            if not task.cancelled():
                task.result()
                return True
            del self._tasks[part]
            self._ended.add(part)
            log.info("sharing.given_up", part=part)
        return False

    async def _leave(self) -> None:
        tasks, self._tasks, self._ours = list(self._tasks.values()), {}, frozenset()
        self._sure_until = float("-inf")
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        try:
            await self._store.leave(self.size)
        except StorageError as error:
            log.info("sharing.not_given_back", cause=str(error))


async def _serve(serve: Serve, part: int, watch: Watch) -> None:
    await serve(part, watch)


async def _done(task: asyncio.Task[None]) -> None:
    """Wait for a task's end without ending it, or hearing what it raised."""
    await asyncio.wait([task])


class Watches:
    """One watch for the connections of several parts: up while all of them are, or while there are none."""

    def __init__(self, watch: Watch) -> None:
        self._watch = watch
        self._states: dict[int, BotError | bool | None] = {}

    def of(self, part: int) -> Watch:
        """The watch of one part."""
        return _PartWatch(self, part)

    def settle(self, parts: set[int]) -> None:
        """Take note of which parts there are."""
        changed = parts != set(self._states) or not parts
        self._states = {part: self._states.get(part, False) for part in parts}
        if changed:
            self._tell()

    def mark(self, part: int, state: BotError | bool) -> None:
        """Take note of how one part's connection is."""
        if part in self._states:
            self._states[part] = state
            self._tell()

    def _tell(self) -> None:
        down = next((state for state in self._states.values() if isinstance(state, BotError)), None)
        if down is not None:
            self._watch.down(down)
        elif all(state is True for state in self._states.values()):
            self._watch.up()


class _PartWatch:
    """`core.domain.Watch` of one part."""

    def __init__(self, watches: Watches, part: int) -> None:
        self._watches = watches
        self._part = part

    def up(self) -> None:
        self._watches.mark(self._part, True)

    def down(self, cause: BotError) -> None:
        self._watches.mark(self._part, cause)
