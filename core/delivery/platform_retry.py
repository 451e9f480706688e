"""How long and how often a platform call is tried again. All retry policy toward chat platforms is here."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

from core.domain import PlatformBusy, PlatformError
from core.util.clock import Now, Sleep
from core.util.retry import growing_s

T = TypeVar("T")

_FIRST_WAIT_S = 0.5
_LONGEST_WAIT_S = 15.0
_SHORTEST_WAIT_S = 0.1


async def patiently(
    call: Callable[[], Awaitable[T]],
    *,
    budget_s: float,
    retry: tuple[type[PlatformError], ...] = (PlatformBusy,),
    check: Callable[[], Awaitable[object]] | None = None,
    now: Now = time.monotonic,
    sleep: Sleep = asyncio.sleep,
    jitter: Callable[[], float] = random.random,
) -> T:
    """Call until it succeeds, waiting as long as the platform asks, or ever longer where it does not say.

    Only errors of the types in `retry` are tried again: name `OutcomeUnknown` where doing it twice is the same
    as doing it once. `check` is awaited before each try, and ends them by an error: the ledger's, so that nobody
    goes on with an answer that was taken over while they waited. `jitter` gives numbers from 0 to 1.

    Raises:
        PlatformError: the last one, as soon as waiting once more would take longer than `budget_s` in total.
            A `retry_after_s` beyond the budget is therefore raised at once, not slept through.
    """
    began, slept_s, tries = now(), 0.0, 0
    while True:
        try:
            if check is not None:
                await check()
            return await call()
        except retry as exc:
            wait_s = _wait_s(exc, tries, jitter())
            if max(now() - began, slept_s) + wait_s > budget_s:
                raise
        await sleep(wait_s)
        slept_s += wait_s
        tries += 1


def _wait_s(error: PlatformError, tries: int, chance: float) -> float:
    if error.retry_after_s is not None:
        # many answers wait for the same moment: spread them behind it, never before it
        return max(error.retry_after_s, _SHORTEST_WAIT_S) + chance * _SHORTEST_WAIT_S
    return growing_s(tries, _FIRST_WAIT_S, _LONGEST_WAIT_S, chance=chance)
