"""The plots of the overview: a day hour by hour, and what days came to, each with its numbers in the reader's form."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from bots.web.console.plots.columns import NARROW, WIDE, Column, Plot, plot
from core.i18n.console import ConsoleTranslator
from core.i18n.console_text import ConsoleText as T
from core.storage.console.days import Day
from core.storage.console.figures import Hour

NAMES = 5
"""At most so many days are named below a plot."""
PACE_DAYS = 7
"""The whole days before today whose spending tells how long the balance lasts."""
FARTHEST_DAYS = 3_650
NONE = "\u2013"


@dataclass(frozen=True, slots=True)
class DayPlot:
    """One plot with its title, and what is said where nothing is to be drawn."""

    id: str
    title: T
    nothing: T
    plot: Plot


def hours(found: Sequence[Hour], speaks: ConsoleTranslator) -> Plot:
    """Questions by the hour in which they were asked."""

    def column(hour: Hour) -> Column:
        name = f"{hour.begins:%H}:00"
        title = speaks.say(T.HOUR_TITLE, hour=name, answered=hour.answered, failed=hour.failed)
        return Column(name, [(hour.failed, "bad"), (hour.answered, "main")], title)

    return plot([column(each) for each in found], speaks.number, width=WIDE, every=3, whole=True)


def all_of(days: Sequence[Day], speaks: ConsoleTranslator) -> Sequence[DayPlot]:
    """Those over days, in the order of the page."""

    def drawn(column: Callable[[Day, str], Column], tell: Callable[[float], str], *, whole: bool) -> Plot:
        columns = [column(day, speaks.day(day.day)) for day in days]
        return plot(columns, tell, width=NARROW, every=-(-len(days) // NAMES), whole=whole)

    def answers(day: Day, name: str) -> Column:
        title = speaks.say(T.HOUR_TITLE, hour=name, answered=day.sums.answered, failed=day.sums.failed)
        return Column(name, [(day.sums.failed, "bad"), (day.sums.answered, "main")], title)

    def spent(day: Day, name: str) -> Column:
        return Column(name, [(day.sums.usd, "main")], f"{name}: {speaks.money(day.sums.usd)}")

    def tokens(day: Day, name: str) -> Column:
        title = speaks.say(T.DAY_TITLE, day=name, answers=day.sums.answered, tokens=day.sums.tokens)
        return Column(name, [(day.sums.tokens, "main")], title)

    def times(day: Day, name: str) -> Column:
        return _times(day, name, speaks)

    def balance(day: Day, name: str) -> Column:
        known = day.balance_usd is not None
        told = (
            speaks.money(day.balance_usd, "down") if day.balance_usd is not None else speaks.say(T.NOT_TOLD)
        )
        return Column(name, [(day.balance_usd or 0.0, "main")] if known else [], f"{name}: {told}")

    return (
        DayPlot(
            "answers-by-day", T.ANSWERS_BY_DAY, T.NOTHING_ANSWERED, drawn(answers, speaks.number, whole=True)
        ),
        DayPlot("times", T.TIMES_BY_DAY, T.NOTHING_ANSWERED, drawn(times, speaks.seconds, whole=False)),
        DayPlot("spending", T.SPENT_BY_DAY, T.NOTHING_ANSWERED, drawn(spent, speaks.money, whole=False)),
        DayPlot(
            "tokens", T.TOKENS_BY_DAY, T.NOTHING_ANSWERED, drawn(tokens, speaks.short_number, whole=True)
        ),
        DayPlot("balance", T.BALANCE_BY_DAY, T.NO_BALANCE_YET, drawn(balance, speaks.money, whole=False)),
    )


def _times(day: Day, name: str, speaks: ConsoleTranslator) -> Column:
    """The first text, and on top of it what the whole answer takes beyond."""
    first, end = day.first_text_s or 0.0, day.end_s or 0.0
    if not end:
        return Column(name, [], f"{name}: {NONE}")
    told = speaks.seconds(first) if first else NONE
    title = speaks.say(T.TIMES_TITLE, day=name, first=told, end=speaks.seconds(end))
    return Column(name, [(min(first, end), "soft"), (max(0.0, end - first), "main")], title)


def empty_on(days: Sequence[Day], balance_usd: float | None) -> date | None:
    """The day on which the balance is used up at the pace of the last whole days; None: not known, or not soon."""
    whole = days[-1 - PACE_DAYS : -1]
    pace = sum(day.sums.usd for day in whole) / len(whole) if whole else 0.0
    if not balance_usd or balance_usd <= 0 or pace <= 0 or balance_usd / pace > FARTHEST_DAYS:
        return None
    return days[-1].day + timedelta(days=int(balance_usd / pace))
