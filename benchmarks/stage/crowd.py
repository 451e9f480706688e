"""Answers of several workers in one place, on a made-up clock: how often the platform says no, and when answers end.

    python -m benchmarks.stage.crowd

prints a line for each number of workers, with and without a budget that they share. The rates are the platforms' own,
as the stand-ins of the tests keep them.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any, Protocol

from aivax_bots.testing.clock import FakeClock
from bots.discord.transport.pacing import WritePace, channel_rates
from bots.discord.transport.timing import Timing
from bots.slack.transport.rate_limits import RateLimits
from core.delivery.shared_budget import SharedBudget
from core.domain import PlatformBusy
from tests.platforms.discord.limits import Limits, Meter
from tests.platforms.slack.budgets import Budgets

WRITTEN_S, READ_S, ROUND_TRIP_S = 12.0, 6.0, 0.08
EDIT_EVERY_S = 2.0
STEP_S = 0.25


@dataclass(frozen=True, slots=True)
class Booking:
    """See `core.storage.cluster.windows.Booking`."""

    wait_s: float
    at: float | None


class Windows:
    """`core.storage.cluster.windows.WindowStore` in memory, on a clock of the caller's."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self.booked: dict[str, list[float]] = {}

    async def book(
        self, what: str, *, calls: int, window_s: float, most: int | None = None, most_s: float = 0.0
    ) -> Booking:
        booked, now, most = self.booked.setdefault(what, []), self._now(), most or calls
        at = max([now, *booked[-1:], *(each + window_s for each in booked[-most:][: len(booked) >= most])])
        if at > now + most_s:
            return Booking(at - now, None)
        booked.append(at)
        del booked[:-calls]
        return Booking(at - now, at)

    async def give_back(self, what: str, at: float) -> None:
        self.booked[what].remove(at)


@dataclass(slots=True)
class Told:
    """What became of it."""

    calls: int = 0
    refused: int = 0
    """Answers 429."""
    ends_s: list[float] = field(default_factory=list)
    """How long the last edit of each answer took."""

    @property
    def p95_s(self) -> float:
        return sorted(self.ends_s)[int(len(self.ends_s) * 0.95)] if self.ends_s else 0.0


class Worker(Protocol):
    """A process that writes; each call returns after how many seconds it may be tried again, 0: it is done."""

    async def post(self) -> float: ...

    async def edit(self, *, growing: bool) -> float: ...


class SlackWorker:
    """Writes into one channel of a workspace."""

    def __init__(self, clock: FakeClock, slack: Budgets, told: Told, budget: SharedBudget | None) -> None:
        self._clock, self._slack, self._told = clock, slack, told
        self._limits = RateLimits(now=clock.now, sleep=clock.sleep, budget=budget)

    async def post(self) -> float:
        return await self._call("chat.postMessage", None, growing=False)

    async def edit(self, *, growing: bool) -> float:
        return await self._call("chat.update", 3, growing=growing)

    async def _call(self, method: str, tier: int | None, *, growing: bool) -> float:
        try:
            await self._limits.acquire(method, "C1", urgent=not growing, patient=not growing)
        except PlatformBusy as busy:
            return busy.retry_after_s or 0.1
        await self._clock.sleep(ROUND_TRIP_S)
        wait_s = self._slack.wait_s(method, tier, "T1", "C1", limited_reads=False)
        self._told.calls += 1
        if wait_s:
            self._told.refused += 1
            self._limits.hold(method, wait_s)
        return wait_s


class DiscordWorker:
    """Writes into one channel, and hears of the others by the headers."""

    def __init__(self, clock: FakeClock, meter: Meter, told: Told, budget: SharedBudget | None) -> None:
        self._clock, self._meter, self._told = clock, meter, told
        timing = Timing(now=clock.now, sleep=clock.sleep)
        self._pace = WritePace(timing, channel_rates(timing), budget)

    async def post(self) -> float:
        return await self._call("create", growing=False)

    async def edit(self, *, growing: bool) -> float:
        return await self._call("edit", growing=growing)

    async def _call(self, name: str, *, growing: bool) -> float:
        try:
            await self._pace.enter(growing=growing)
        except PlatformBusy as busy:
            return busy.retry_after_s or 0.1
        try:
            await self._clock.sleep(ROUND_TRIP_S / 2)
            verdict = self._meter.take(name, "", "channel", self._clock.now())
            await self._clock.sleep(ROUND_TRIP_S / 2)
            self._pace.limited(verdict.remaining, verdict.reset_after_s)
            self._told.calls += 1
            self._told.refused += not verdict.allowed
            return 0.0 if verdict.allowed else verdict.reset_after_s
        finally:
            self._pace.leave()


async def crowd(platform: str, workers: int, answers: int, *, shared: bool, seconds: float = 300.0) -> Told:
    """Have so many answers written at a time by so many workers, for so long on the made-up clock."""
    clock, told, chance = FakeClock(), Told(), random.Random(3)
    windows, slack, meter = Windows(clock.now), Budgets(clock), Meter(Limits())  # type: ignore[arg-type]  # only `now`
    them: list[Worker] = []
    for _ in range(workers):
        budget = None
        if shared:
            budget = SharedBudget(windows, platform, lambda: True, now=clock.now, sleep=clock.sleep)
        if platform == "slack":
            them.append(SlackWorker(clock, slack, told, budget))
        else:
            them.append(DiscordWorker(clock, meter, told, budget))
    writing = [
        asyncio.create_task(_write(them[number % workers], clock, told, chance)) for number in range(answers)
    ]
    await asyncio.sleep(0)
    for _ in range(int(seconds / STEP_S)):
        await clock.advance(STEP_S)
    for task in writing:
        task.cancel()
    await asyncio.gather(*writing, return_exceptions=True)
    return told


async def _write(worker: Worker, clock: FakeClock, told: Told, chance: random.Random) -> None:
    """One answer after the other: a message, edits while it grows, the last one as soon as it may be."""
    await clock.sleep(chance.random() * READ_S)
    while True:
        await _done(worker.post, clock)
        until = clock.now() + WRITTEN_S
        while clock.now() < until:
            await clock.sleep(max(EDIT_EVERY_S, await worker.edit(growing=True)))
        began = clock.now()
        await _done(lambda: worker.edit(growing=False), clock)
        told.ends_s.append(clock.now() - began)
        await clock.sleep(chance.random() * READ_S)


async def _done(call: Callable[[], Coroutine[Any, Any, float]], clock: FakeClock) -> None:
    while (wait_s := await call()) > 0:
        await clock.sleep(wait_s)


async def main() -> None:
    """Print what becomes of one to four workers."""
    for platform, answers in (("slack", 4), ("slack", 12), ("discord", 2), ("discord", 4)):
        for workers in (1, 2, 4):
            for shared in (False, True):
                told = await crowd(platform, workers, answers, shared=shared)
                print(
                    f"{platform}, {answers} answers, {workers} workers, {'shared' if shared else 'each alone'}:"
                    f" {told.refused} of {told.calls} refused, {len(told.ends_s)} answers, end p95 {told.p95_s:.1f} s",
                    flush=True,
                )


if __name__ == "__main__":
    asyncio.run(main())
