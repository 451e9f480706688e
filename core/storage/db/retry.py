"""A database that is away for a moment is waited for: what an answer has cost so far is worth some seconds."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from core.domain import DatabaseFailed
from core.util.log import log

T = TypeVar("T")


WAITS_S = (0.1, 0.3, 1.0, 2.0, 4.0, 8.0)


async def outlast(work: Callable[[], Awaitable[T]], *, waits_s: tuple[float, ...] = WAITS_S) -> T:
    """Do what is the same when done twice, again while the database is away; the last error is raised.

    A connection that is lost while it commits leaves open whether it did: that is why.
    """
    for wait_s in waits_s:
        try:
            return await work()
        except DatabaseFailed as error:
            if not error.passes:
                raise
            log.warning("database.away", cause=error.reason, again_in_s=wait_s)
        await asyncio.sleep(wait_s)
    return await work()
