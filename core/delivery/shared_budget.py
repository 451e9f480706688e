"""How often a platform is called by all processes together, on top of what each keeps by itself."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Protocol

from core.delivery.call_windows import Rate
from core.domain import StorageError
from core.util.clock import Now, Sleep
from core.util.log import log

ASK_WITHIN_S = 1.0
"""How long the database may take: an answer must not wait for it longer than it would for the platform."""
NOTHING: Mapping[str, Rate] = MappingProxyType({})
ALONE_FOR_S = 5.0
"""How long each process keeps only its own rates after the database failed."""


class Booking(Protocol):
    """What became of a wish to call."""

    @property
    def wait_s(self) -> float: ...

    @property
    def at(self) -> float | None: ...


class Windows(Protocol):
    """`core.storage.cluster.windows.WindowStore`: where calls of all processes are booked."""

    async def book(
        self, what: str, *, calls: int, window_s: float, most: int | None = None, most_s: float = 0.0
    ) -> Booking: ...

    async def give_back(self, what: str, at: float) -> None: ...


@dataclass(slots=True, eq=False)
class Asking:
    """How the parts of one platform's budget ask the database: one at a time, and for a while not, where it failed.

    So many that call at once take no connections from turns, and what one waited for in vain no other waits for.
    """

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    alone_until: float = float("-inf")


class SharedBudget:
    """The calls of one platform, or of one workspace there, that all processes share.

    Asked only while there are others. Where the database fails, each process goes by its own rates.
    """

    def __init__(
        self,
        windows: Windows,
        scope: str,
        has_others: Callable[[], bool],
        *,
        now: Now = time.monotonic,
        sleep: Sleep = asyncio.sleep,
        around: Mapping[str, Rate] = NOTHING,
        asking: Asking | None = None,
    ) -> None:
        """`around`: rates by their whole names in which each call counts besides; `asking`: that of the whole."""
        self._asking = asking or Asking()
        self._windows = windows
        self._scope = scope
        self._around = around
        self._has_others = has_others
        self._now = now
        self._sleep = sleep

    def of(self, scope: str, around: Mapping[str, Rate] = NOTHING) -> SharedBudget:
        """The same of a part, such as a workspace. `around`: rates of the whole in which its calls count, too."""
        whole, outer = f"{self._scope}:{scope}", self._named(around)
        return SharedBudget(
            self._windows,
            whole,
            self._has_others,
            now=self._now,
            sleep=self._sleep,
            around=outer,
            asking=self._asking,
        )

    async def enter(self, rates: Mapping[str, Rate], *, growing: bool = False, most_s: float = 0.0) -> float:
        """Wait for the turn, among all processes, of a call that counts in these rates; 0: it may go out now.

        Otherwise the seconds after which it could, where they are more than `most_s`: then it is not booked. A call
        that is `growing` leaves what is kept for those that end an answer.
        """
        if not rates or not self._has_others():
            return 0.0
        try:
            async with self._asking.lock, asyncio.timeout(ASK_WITHIN_S):
                if self._now() < self._asking.alone_until:
                    return 0.0
                wait_s, is_booked = await self._book(rates, growing, most_s)
        except (StorageError, TimeoutError) as error:
            log.warning("budget.unshared", cause=str(error) or type(error).__name__)
            self._asking.alone_until = self._now() + ALONE_FOR_S
            return 0.0
        if not is_booked:
            return wait_s
        if wait_s > 0:
            await self._sleep(wait_s)
        return 0.0

    async def _book(self, rates: Mapping[str, Rate], growing: bool, most_s: float) -> tuple[float, bool]:
        """Book a call in all the rates or in none; how long its moment is away, and whether it is booked."""
        wait_s = 0.0
        async with AsyncExitStack() as booked:
            for key, rate in self._named(rates).items():
                most = rate.calls - (rate.kept if growing else 0)
                booking = await self._windows.book(
                    key, calls=rate.calls, window_s=rate.window_s, most=most, most_s=most_s
                )
                if booking.at is None:
                    return booking.wait_s, False
                booked.push_async_callback(self._windows.give_back, key, booking.at)
                wait_s = max(wait_s, booking.wait_s)
            booked.pop_all()
        return wait_s, True

    def _named(self, rates: Mapping[str, Rate]) -> Mapping[str, Rate]:
        """These rates, and those around, by the names under which they are booked."""
        return {**{f"{self._scope}:{name}": rate for name, rate in rates.items()}, **self._around}
