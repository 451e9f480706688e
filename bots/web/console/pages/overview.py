"""The first page: is it well, does it answer, and what does it cost?"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from starlette.responses import Response
from starlette.routing import Route

from bots.web.console.plots import days as day_plots
from bots.web.console.plots.columns import percentile
from bots.web.console.rendering import Renderer
from bots.web.console.security.guard import Guard
from bots.web.console.visit import Visit
from core.console.figures import DaySource, FigureSource, Money
from core.storage.console.days import LATELY_DAYS, Sums
from core.storage.console.figures import Figures
from core.storage.rollups.sample_days import SAMPLE

MONEY_WITHIN_S = 1.0
"""For which a page waits for the account; then it tells what was last read."""
TOP = 5
RANGES = (7, 30, 90)
"""Over how many days the plots may go; the second one unless another is asked for."""
DAY_S = 86_400.0


class Frontends(Protocol):
    """Which frontends this process has, and how they are; `bots.supervisor.Board` is one."""

    def parts(self) -> Sequence[tuple[str, bool | None, str]]:
        """Each by its name, whether it is up (None: not known yet), and why it is not."""


@dataclass(frozen=True, slots=True)
class Sources:
    """What the page is made of."""

    frontends: Frontends
    figures: FigureSource
    days: DaySource
    money: Money
    now: Callable[[], datetime]


class OverviewPage:
    """`/console/`."""

    def __init__(self, sources: Sources, renderer: Renderer, zone: str = "") -> None:
        """`zone` is the time zone of the days that are told; `""`: UTC."""
        self._sources = sources
        self._renderer = renderer
        self._zone = zone or "UTC"

    def routes(self, guard: Guard) -> Sequence[Route]:
        return [guard.page("/", self.show)]

    async def show(self, visit: Visit) -> Response:
        speaks, sources = self._renderer.speaks(visit), self._sources
        now = sources.now()
        asked = visit.query.get("days", "")
        number = int(asked) if asked in map(str, RANGES) else RANGES[1]
        found = await sources.figures.figures(now)
        days = await sources.days.days(now, number, TOP)
        with suppress(TimeoutError):
            async with asyncio.timeout(MONEY_WITHIN_S):
                await sources.money.read()
        return await self._renderer.large_page(
            "overview.html",
            visit,
            **tiles(sources, found),
            answers=day_plots.hours(found.hours, speaks),
            ranges=RANGES,
            number=number,
            zone=self._zone,
            found=days,
            total=sum((each.sums for each in days.days), Sums()),
            plots=day_plots.all_of(days.days, speaks),
            empty_on=day_plots.empty_on(days.days, sources.money.balance_usd),
            lately_days=LATELY_DAYS,
            has_sample=SAMPLE in days.platforms,
        )


def tiles(sources: Sources, found: Figures) -> Mapping[str, Any]:
    """What the upper part of the page is given, which changes by itself."""
    return {
        "frontends": sources.frontends.parts(),
        "figures": found,
        "p50": percentile(found.durations_s, 0.5),
        "p95": percentile(found.durations_s, 0.95),
        "balance": sources.money.balance_usd,
        "left_s": _left_s(sources.money),
    }


def _left_s(money: Money) -> float | None:
    """For how long the balance lasts at the last day's pace; None: not known, or for ever."""
    balance, spent = money.balance_usd, money.usage_24h_usd
    return balance / spent * DAY_S if balance and spent and balance > 0 else None
