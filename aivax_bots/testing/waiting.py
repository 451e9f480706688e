"""Waiting in tests: never without an end, and what never came is named.

`tests/test_waiting.py` finds waits that have no deadline.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, TypeVar

T = TypeVar("T")

WITHIN_S = 90.0
"""Long enough for a machine that is busy with twice as many processes as it has cores."""


@asynccontextmanager
async def waiting_for(what: str, within_s: float = WITHIN_S) -> AsyncIterator[None]:
    """Let the block wait for `what`, and fail by that name when it takes too long."""
    deadline = asyncio.timeout(within_s)
    try:
        async with deadline:
            yield
    except TimeoutError:
        if not deadline.expired():
            raise
        raise AssertionError(f"waited {within_s} s for {what}") from None


async def soon(what: str, awaited: Awaitable[T], within_s: float = WITHIN_S) -> T:
    """The result of `awaited`; `what` says what it brings."""
    async with waiting_for(what, within_s):
        return await awaited


async def until(
    what: str, is_so: Callable[[], Any], within_s: float = WITHIN_S, *, every_s: float = 0.005
) -> Any:
    """Ask until `is_so` (which may be a coroutine function) gives something true, and return that.

    For what tells nobody when it changes: a row, a fake's list. Where there is an event, wait for the event.
    """
    async with waiting_for(what, within_s):
        while True:
            told = is_so()
            if inspect.isawaitable(told):
                told = await told
            if told:
                return told
            await asyncio.sleep(every_s)


async def ended(*tasks: asyncio.Future[Any], within_s: float = WITHIN_S) -> None:
    """Wait until tasks have come to their end, however they end; their errors stay theirs."""
    _, going_on = await asyncio.wait(tasks, timeout=within_s)
    assert not going_on, f"waited {within_s} s for the end of {going_on}"
