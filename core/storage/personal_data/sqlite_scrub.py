"""SQLite after a deletion: copies of what was deleted, which `secure_delete` does not reach, are overwritten.

There are two kinds. The `-wal` holds the pages as they were, until it is emptied. And where a page overflowed or ran
empty, SQLite moved rows to another page and left their bytes in the old one's unused part: only a rewrite of the whole
file (`VACUUM`) clears those.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

from core.domain import StorageError
from core.storage.db import Database
from core.util.log import log
from core.util.retry import growing_s

TRIES_FOR_S = 60.0
"""How long a scrub that a reader holds up is tried again. The next deletion, or the next sweep, begins anew."""
FIRST_PAUSE_S = 0.02
LONGEST_PAUSE_S = 1.0
REST_FACTOR = 50
"""So many times as long as a rewrite took, no other one begins: it takes 2 % of the time at most."""
MEGABYTE = 1_000_000


class Scrubber:
    """Scrubs at once where that is possible, else in the background; writers wait for a rewrite, never for readers."""

    def __init__(
        self,
        database: Database,
        *,
        rewrite_up_to_mb: float = 32,
        now: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """A file that is larger than `rewrite_up_to_mb` is not rewritten: its writers would wait for too long."""
        self._database = database
        self._rewritable_bytes = rewrite_up_to_mb * MEGABYTE
        self._now = now
        self._sleep = sleep
        self._due = asyncio.Event()
        self._is_rewritten = True
        self._rests_until = 0.0

    async def scrub(self) -> bool:
        """Leave no copy of what was deleted; whether that is done. What is not, `run` goes on with."""
        if not self._database.is_sqlite:
            return True
        self._is_rewritten = False
        return await self._scrub()

    async def run(self) -> None:
        """Go on with what could not be done at once, until cancelled."""
        while True:
            await self._due.wait()
            self._due.clear()
            try:
                await self._try_on()
            except StorageError as error:
                log.warning("database.not_scrubbed", cause=str(error))

    async def _scrub(self) -> bool:
        """Rewrite, where that is due and may be done now; then empty the log."""
        if not self._is_rewritten and self._now() >= self._rests_until:
            self._is_rewritten = await self._rewrite()
        if not await self.empty_log():
            return False
        if not self._is_rewritten:
            self._due.set()
        return self._is_rewritten

    async def _rewrite(self) -> bool:
        path = self._database.path
        if path is not None and path.stat().st_size > self._rewritable_bytes:
            log.info("database.not_rewritten", setting="[storage] rewrite_up_to_mb")
            return True
        began = self._now()
        done = await self._database.rewrite()
        self._rests_until = self._now() + REST_FACTOR * (self._now() - began)
        return done

    async def empty_log(self) -> bool:
        """Empty the `-wal` alone: nothing was deleted, but words may have been changed."""
        if await self._database.empty_log():
            return True
        self._due.set()
        return False

    async def _try_on(self) -> None:
        until, failed = max(self._now(), self._rests_until) + TRIES_FOR_S, 0
        while self._now() < until:
            await self._sleep(growing_s(failed, FIRST_PAUSE_S, LONGEST_PAUSE_S))
            failed += 1
            if await self._scrub():
                self._due.clear()
                return
        cause = "somebody reads without a pause: a backup, or another program that has the file open"
        log.warning("database.not_scrubbed", cause=cause)
