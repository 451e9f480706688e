"""`aivax-bots status` on a terminal: tables, drawn anew every few seconds where somebody watches."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from types import TracebackType
from typing import Any, Protocol, Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from bots.terminal.text import age, printable
from core.domain import Cause
from core.storage.operations.overview import Failure, Overview


class Seen(Protocol):
    """What could be seen at one moment."""

    @property
    def at(self) -> datetime: ...

    @property
    def database(self) -> Overview | None: ...

    @property
    def database_problem(self) -> str: ...

    @property
    def bot(self) -> Mapping[str, Any] | None: ...

    @property
    def bot_problem(self) -> str: ...


class Screen:
    """Draws over what it drew before, until it is left."""

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console()
        self._live = Live(console=self._console, auto_refresh=False, screen=False)

    def __enter__(self) -> Self:
        self._live.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.__exit__(kind, error, trace)

    def show(self, seen: Seen) -> None:
        """Draw it; of the last errors as many as there are rows for, so that none of the rest is cut off."""
        most = len(seen.database.failures) if seen.database is not None else 0
        while most > 1 and len(self._console.render_lines(drawn(seen, most))) > self._console.height:
            most -= 1
        self._live.update(drawn(seen, most), refresh=True)


def print_status(seen: Seen, console: Console | None = None) -> None:
    """Print it once; without colours where nobody watches."""
    (console or Console(soft_wrap=True)).print(drawn(seen))


def drawn(seen: Seen, most_errors: int | None = None) -> RenderableType:
    """All that could be seen, and what could not; of the last errors so many, or all."""
    table = Table.grid(padding=(0, 2))
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value, style in _rows(seen, most_errors):
        table.add_row(name, Text(printable(value), style=style))
    return Group(Text(f"aivax-bots at {seen.at:%Y-%m-%d %H:%M:%S} UTC", style="dim"), table)


Row = tuple[str, str, str]


def _rows(seen: Seen, most_errors: int | None) -> Iterator[Row]:
    yield from _of_bot(seen)
    if seen.database is None:
        yield "Database", f"tells nothing: {seen.database_problem}", "red"
    else:
        yield from _of_database(seen.database, seen.at)
        yield from _of_failures(seen.database.failures[:most_errors], seen.at)


def _of_bot(seen: Seen) -> Iterator[Row]:
    if seen.bot is None:
        yield "Frontends", seen.bot_problem, "yellow"
        yield "Balance", "not seen: only a running bot knows it", "yellow"
        return
    frontends = seen.bot["frontends"]
    yield "Frontends", ", ".join(f"{name} up" for name in frontends["up"]) or "none is up", "green"
    for name, problem in frontends["down"].items():
        yield "", f"{name} down: {problem}", "red"
    usd = seen.bot["balance_usd"]
    yield "Balance", "not read yet, or not told with this key" if usd is None else f"{usd:.2f} USD", ""


def _of_database(seen: Overview, at: datetime) -> Iterator[Row]:
    if seen.pause_sentence is not None:
        since = next(each.since for each in seen.breakers if each.breaker.cause is Cause.PAUSE)
        told = f"; people are told: {seen.pause_sentence}" if seen.pause_sentence else ""
        yield "Paused", f"for {age(at, since)}{told}", "bold yellow"
    delayed = f" ({seen.delayed} of them tried again later)" if seen.delayed else ""
    oldest = f"; the oldest for {age(at, seen.oldest_waiting)}" if seen.oldest_waiting else ""
    yield "Queue", f"{seen.waiting} waiting{delayed}, {seen.running} running, {seen.held} held{oldest}", ""
    yield from _of_breakers(seen, at)
    answered = f"last answer {age(at, seen.answered_at)} ago" if seen.answered_at else "no answer yet"
    spent = f", {seen.spent_of_day_usd:.4f} USD" if seen.spent_of_day_usd is not None else ""
    yield "24 hours", f"{seen.answered_of_day} answered, {seen.failed_of_day} failed{spent}; {answered}", ""
    for number, (platform, heard) in enumerate(sorted(seen.platforms.items())):
        yield "" if number else "Heard", f"{platform} {age(at, heard)} ago", ""
    for number, cause in enumerate(seen.alerts):
        yield "" if number else "Alerts", cause, "yellow"


def _of_failures(failures: Sequence[Failure], at: datetime) -> Iterator[Row]:
    for number, each in enumerate(failures):
        reference = f", reference {each.reference}" if each.reference else ""
        told = f"{age(at, each.at)} ago on {each.platform}: {each.error or 'failed'}{reference}, turn {each.turn}"
        yield "" if number else "Last errors", told, ""


def _of_breakers(seen: Overview, at: datetime) -> Iterator[Row]:
    tripped = [each for each in seen.breakers if each.breaker.cause is not Cause.PAUSE]
    if not tripped:
        yield "Breakers", "none is tripped", "green"
    for number, each in enumerate(tripped):
        told = f"{each.breaker.name} for {age(at, each.since)}, holds {each.holds}, "
        told += f"tried again in {age(each.retry_at, at)}" if each.retry_at > at else "tried again now"
        yield "" if number else "Breakers", told, "red"
