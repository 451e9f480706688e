"""How many calls a minute AIVAX takes from this account, and when the next one may go.

The operator's setting counts first, then the kind of key, then the plan in the balance answer. Longer limits, those
of a day, are left to the breakers: AIVAX says when it takes calls again, and until then the turns are held.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

from core.aivax.account import Balance
from core.aivax.keys import KeyKind
from core.domain import AivaxError, Window
from core.util.log import log

FIRST_READING_S = 5.0
"""How long the first turns wait for the plan to be known."""
READ_AGAIN_S = 600.0
READ_AGAIN_AFTER_ERROR_S = 30.0


PUBLIC_KEY = (Window(3, 5.0), Window(20))
"""What AIVAX takes from one address with a public key."""
PLANS = {"free": (Window(20),), "pro": (Window(200),), "max": ()}


class Allowance:
    """The windows that hold for this account's calls, read again now and then: plans change."""

    def __init__(
        self,
        requests_per_minute: int | None,
        kind: KeyKind,
        tell: Callable[[], Awaitable[Balance | None]],
    ) -> None:
        """`requests_per_minute`: the operator's setting, 0 for no limit; `tell` asks for the balance."""
        self._tell = tell
        self._known = asyncio.Event()
        self._windows: tuple[Window, ...] = PUBLIC_KEY if kind is KeyKind.PUBLIC else ()
        self._is_settled = requests_per_minute is not None or kind is KeyKind.PUBLIC
        if requests_per_minute is not None:
            self._windows = (Window(requests_per_minute),) if requests_per_minute else ()
        if self._is_settled:
            self._known.set()

    async def windows(self) -> tuple[Window, ...]:
        """The windows; empty where nothing limits, or nothing is known of a limit."""
        if not self._known.is_set():
            with suppress(TimeoutError):
                async with asyncio.timeout(FIRST_READING_S):
                    await self._known.wait()
            self._known.set()
        return self._windows

    async def run(self) -> None:
        """Keep what is known current, until cancelled."""
        if self._is_settled:
            return
        while True:
            pause_s = READ_AGAIN_S if await self.read() else READ_AGAIN_AFTER_ERROR_S
            await asyncio.sleep(pause_s)

    async def read(self) -> bool:
        """Ask for the plan; what was known stays when it is not told. Whether there was an answer."""
        try:
            told = await self._tell()
        except AivaxError as error:
            log.warning("plan.unreadable", cause=str(error))
            return False
        else:
            windows = windows_of(told) if told is not None else None
            if windows is not None and windows != self._windows:
                self._windows = windows
                log.info("plan.limit", requests_per_minute=[window.calls for window in windows] or "none")
            return True
        finally:
            self._known.set()


def windows_of(told: Balance) -> tuple[Window, ...] | None:
    """The limit that a balance answer tells of; None where it tells none."""
    limits = told.plan_limits or {}
    if "requestsPerMinute" in limits:
        limit = limits["requestsPerMinute"]
        if limit is None:
            return ()
        if isinstance(limit, int | float) and not isinstance(limit, bool) and 1 <= limit < 1e6:
            return (Window(int(limit)),)
    return next((PLANS[word] for word in told.plan.lower().replace(",", " ").split() if word in PLANS), None)
