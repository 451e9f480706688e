"""The first page: is it well, does it answer, and what does it cost?"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from starlette.responses import Response
from starlette.routing import Route

from bots.web.console.pages.plots import NARROW, WIDE, Column, Plot, percentile, plot
from bots.web.console.rendering import Renderer
from bots.web.console.security.guard import Guard
from bots.web.console.visit import Visit
from core.console.figures import FigureSource, Money, SpenderSource
from core.i18n.console import ConsoleTranslator
from core.i18n.console_text import ConsoleText as T
from core.storage.console.figures import FAILED_DAYS, Day, Hour

MONEY_WITHIN_S = 1.0
"""For which a page waits for the account; then it tells what was last read."""
TOP, TOP_FOR = 5, timedelta(days=7)
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
    spenders: SpenderSource
    money: Money


class OverviewPage:
    """`/console/`."""

    def __init__(self, sources: Sources, renderer: Renderer, now: Callable[[], datetime]) -> None:
        self._sources = sources
        self._renderer = renderer
        self._now = now

    def routes(self, guard: Guard) -> Sequence[Route]:
        return [guard.page("/", self.show)]

    async def show(self, visit: Visit) -> Response:
        speaks, now, sources = self._renderer.speaks(visit), self._now(), self._sources
        since = now - TOP_FOR
        found = await sources.figures.figures(now)
        with suppress(TimeoutError):
            async with asyncio.timeout(MONEY_WITHIN_S):
                await sources.money.read()
        return await self._renderer.large_page(
            "overview.html",
            visit,
            frontends=sources.frontends.parts(),
            figures=found,
            p50=percentile(found.durations_s, 0.5),
            p95=percentile(found.durations_s, 0.95),
            balance=sources.money.balance_usd,
            left_s=_left_s(sources.money),
            spent=sum(each.usd for each in found.days),
            tokens=sum(each.tokens for each in found.days),
            answers=_answers(found.hours, speaks),
            spending=_spending(found.days, speaks),
            using=_using(found.days, speaks),
            people=await sources.spenders.people(since, TOP),
            places=await sources.spenders.places(since, TOP),
            top_days=TOP_FOR.days,
            failed_days=FAILED_DAYS,
        )


def _left_s(money: Money) -> float | None:
    """For how long the balance lasts at the last day's pace; None: not known, or for ever."""
    balance, spent = money.balance_usd, money.usage_24h_usd
    return balance / spent * DAY_S if balance and spent and balance > 0 else None


def _answers(hours: Sequence[Hour], speaks: ConsoleTranslator) -> Plot:
    def column(hour: Hour) -> Column:
        name = f"{hour.begins:%H}:00"
        title = speaks.say(T.HOUR_TITLE, hour=name, answered=hour.answered, failed=hour.failed)
        return Column(name, [(hour.failed, "bad"), (hour.answered, "main")], title)

    return plot([column(each) for each in hours], speaks.number, width=WIDE, every=3, whole=True)


def _spending(days: Sequence[Day], speaks: ConsoleTranslator) -> Plot:
    def column(day: Day) -> Column:
        name = speaks.day(day.day)
        return Column(name, [(day.usd, "main")], f"{name}: {speaks.money(day.usd)}")

    return plot([column(each) for each in days], speaks.money, width=NARROW, every=6, whole=False)


def _using(days: Sequence[Day], speaks: ConsoleTranslator) -> Plot:
    def column(day: Day) -> Column:
        name = speaks.day(day.day)
        told = speaks.say(T.DAY_TITLE, day=name, answers=day.answers, tokens=day.tokens)
        return Column(name, [(day.tokens, "main")], told)

    return plot([column(each) for each in days], speaks.short_number, width=NARROW, every=6, whole=True)
