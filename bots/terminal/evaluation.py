"""`aivax-bots evaluate` on a terminal: a table of gateways, and one of what did not pass."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from bots.terminal.text import printable
from core.evaluation.running import Row
from core.evaluation.summary import Summary
from core.util.text import shorten

MOST_ROWS = 50
_CHARS = 80


def print_evaluation(
    rows: Sequence[Row], summaries: Sequence[Summary], console: Console | None = None
) -> None:
    """Print both; without colours where nobody watches."""
    console = console or Console(soft_wrap=True)
    table = Table("Gateway", title="Answers")
    for name in ("passed", "of", "errors", "better", "equal", "worse", "USD"):
        table.add_column(name, justify="right")
    for each in summaries:
        figures = (each.passed, each.rows, each.errors, each.better, each.equal, each.worse)
        table.add_row(Text(printable(each.gateway)), *map(str, figures), f"{each.usd:.4f}")
    console.print(table)
    if failed := [row for row in rows if not row.has_passed]:
        console.print(_failed(failed))
        if len(failed) > MOST_ROWS:
            console.print(f"{len(failed) - MOST_ROWS} more did not pass: see the report.")


def _failed(rows: Sequence[Row]) -> Table:
    table = Table("Line", "Gateway", "Question", "Why", title="Not passed")
    for row in rows[:MOST_ROWS]:
        why = row.error or "; ".join(row.faults) or "the judge prefers the base"
        words = (_line(each) for each in (row.gateway, row.case.question, why))
        table.add_row(str(row.case.number), *words)
    return table


def _line(text: str) -> Text:
    return Text(printable(shorten(" ".join(text.split()), _CHARS)))
