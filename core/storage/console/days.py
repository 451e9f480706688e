"""What days came to: from the numbers that are counted, and from the rows of what is not yet: right at any moment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Select

from core.storage.console.day_queries import queries_of
from core.storage.db import Database
from core.storage.rollups.buckets import percentile_s
from core.storage.rollups.counting import counted_until, first_end
from core.storage.rollups.ended_turns import END, FIRST_TEXT
from core.storage.spending import Price
from core.util.time_zones import begin_of, day_in

AHEAD = timedelta(minutes=1)
"""How far the clock of another process may be ahead."""
LATELY_DAYS = 7
"""For so many days, today with them, errors and the most expensive people and places are told."""


@dataclass(frozen=True, slots=True)
class Sums:
    """What turns came to that ended in some stretch of time."""

    answered: int = 0
    failed: int = 0
    cancelled: int = 0
    superseded: int = 0
    tokens: int = 0
    usd: float = 0.0
    """As far as it is known."""

    def __add__(self, other: Sums) -> Sums:
        return Sums(
            self.answered + other.answered,
            self.failed + other.failed,
            self.cancelled + other.cancelled,
            self.superseded + other.superseded,
            self.tokens + other.tokens,
            self.usd + other.usd,
        )


@dataclass(frozen=True, slots=True)
class Day:
    """One day of the operator's time zone."""

    day: date
    sums: Sums
    first_text_s: float | None
    """From question to first text, of half of the answers at most; within 10 in 100. None: there were none."""
    end_s: float | None
    """Likewise to the end of the answer."""
    balance_usd: float | None
    """As it was last read that day."""


@dataclass(frozen=True, slots=True)
class Share:
    """What the answers to one person, or in one place, came to."""

    platform: str
    workspace: str
    name: str
    """A person's, as their platform told it, else its id of them; or a channel's id. `""`: direct messages."""
    answers: int
    usd: float | None
    """None: not known."""


@dataclass(frozen=True, slots=True)
class Days:
    """All of it, read at one moment."""

    days: Sequence[Day]
    """Without a gap; the last one goes on."""
    platforms: Mapping[str, Sums]
    """Of the same days, the most answers first."""
    causes: Sequence[tuple[str, int]]
    """The errors of `LATELY_DAYS`, the most frequent first."""
    people: Sequence[Share]
    places: Sequence[Share]
    counted_to: datetime | None
    """Up to when days are counted, where that is so far back that days are missing; else None."""


class DayReads:
    """`core.console.figures.DaySource`, read from the tables of days."""

    def __init__(self, database: Database, price: Price, zone: str) -> None:
        """`zone` is the operator's time zone, `""` for UTC."""
        self._database = database
        self._price = price
        self._zone = zone

    async def days(self, now: datetime, number: int, most: int) -> Days:
        """The last `number` days, and of the last week the `most` expensive people and places."""
        today = day_in(now, self._zone)
        yesterday = begin_of(today - timedelta(days=1), self._zone)
        first = today - timedelta(days=number - 1)
        async with self._database.read(many_rows=True) as connection:
            until = await counted_until(connection) or await first_end(connection)
            rest = stretches(max(until or now, yesterday), now, self._zone)
            values = {"first": first, "lately": today - timedelta(days=LATELY_DAYS - 1), "most": most, **rest}
            queries = queries_of(connection.dialect.name, len(rest) // 3, self._price)

            async def rows(query: Select[Any]) -> list[Any]:
                return list(await connection.execute(query, values))

            sums = {(row.day, row.platform): self._of(row) for row in await rows(queries.sums)}
            balances = {row.day: row.usd for row in await rows(queries.balances)}
            days = [first + timedelta(days=each) for each in range(number)]
            return Days(
                days=_days(days, sums, await rows(queries.times), balances),
                platforms=_by_platform(sums),
                causes=[(row.failure, int(row.turns)) for row in await rows(queries.causes)],
                people=list(map(_share, await rows(queries.people))),
                places=list(map(_share, await rows(queries.places))),
                counted_to=until if until is not None and until < yesterday else None,
            )

    def _of(self, row: Any) -> Sums:
        untold = (row.untold_prompt_tokens, row.untold_completion_tokens)
        prices = (self._price.prompt_usd, self._price.completion_usd)
        guessed = sum(int(tokens) * usd for tokens, usd in zip(untold, prices, strict=True)) / 1_000_000
        return Sums(
            answered=int(row.answered),
            failed=int(row.failed),
            cancelled=int(row.cancelled),
            superseded=int(row.superseded),
            tokens=int(row.prompt_tokens + row.completion_tokens),
            usd=float(row.usd) + guessed,
        )


def stretches(start: datetime, now: datetime, zone: str) -> dict[str, date | datetime]:
    """What is not counted yet, cut where a day ends, as parameters: `start_0`, `end_0`, `day_0`, `start_1` ...

    A turn may have ended by a clock that is ahead of ours.
    """
    found: dict[str, date | datetime] = {}
    end, today, number = now + AHEAD, day_in(now, zone), 0
    while start < end:
        day = day_in(start, zone)
        stop = min(end, begin_of(day + timedelta(days=1), zone))
        found |= {f"start_{number}": start, f"end_{number}": stop, f"day_{number}": min(day, today)}
        start, number = stop, number + 1
    return found


def _days(
    days: Sequence[date],
    sums: Mapping[tuple[date, str], Sums],
    times: Sequence[Any],
    balances: Mapping[date, float],
) -> list[Day]:
    by_day: dict[date, Sums] = {}
    for (day, _), of_platform in sums.items():
        by_day[day] = by_day.get(day, Sums()) + of_platform
    lengths: dict[tuple[date, str], dict[int, int]] = {}
    for row in times:
        lengths.setdefault((row.day, row.what), {})[row.bucket] = int(row.turns)

    def half(day: date, what: str) -> float | None:
        return percentile_s(lengths.get((day, what), {}), 0.5)

    return [
        Day(day, by_day.get(day, Sums()), half(day, FIRST_TEXT), half(day, END), balances.get(day))
        for day in days
    ]


def _by_platform(sums: Mapping[tuple[date, str], Sums]) -> dict[str, Sums]:
    found: dict[str, Sums] = {}
    for (_, platform), of_day in sums.items():
        found[platform] = found.get(platform, Sums()) + of_day
    return dict(sorted(found.items(), key=lambda each: (-each[1].answered, each[0])))


def _share(row: Any) -> Share:
    usd = None if row.usd is None else float(row.usd)
    return Share(row.platform, row.workspace, row.name, int(row.answers), usd)
