"""What a row of the benchmarks is: named lines with goals, and one measurement that fills them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from benchmarks.stage.databases import Databases


@dataclass(frozen=True, slots=True)
class Goal:
    """A bound on our own figure, or on its ratio to the other one."""

    bound: float
    of: Literal["ratio", "figure"] = "ratio"
    sign: Literal["<=", "<", ">="] = "<="

    def is_met(self, ours: float, theirs: float | None) -> bool:
        """Whether the figures keep to it. `theirs` may be None where the goal is on our own figure."""
        value = ours if self.of == "figure" or theirs is None else ours / theirs
        return {"<=": value <= self.bound, "<": value < self.bound, ">=": value >= self.bound}[self.sign]

    def shown(self, unit: str) -> str:
        """As it stands in the table: `<= 1.2 x`, `<= 95 MiB`."""
        sign = {"<=": "≤", "<": "<", ">=": "≥"}[self.sign]
        inverse = round(1 / self.bound) if self.of == "ratio" and self.bound < 1 and self.sign != ">=" else 0
        if inverse:
            return f"{sign} 1/{inverse}"
        return f"{sign} {self.bound:g} {'x' if self.of == 'ratio' else unit}".rstrip()


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the table. `against` says what the second figure is of; empty: there is none."""

    name: str
    unit: str
    goal: Goal
    against: str = ""


@dataclass(frozen=True, slots=True)
class Figure:
    """What was measured for one line, in the line's unit."""

    ours: float
    theirs: float | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Plot:
    """How something grows: points (x, y) of one or more named curves."""

    title: str
    x: str
    y: str
    curves: Mapping[str, Sequence[tuple[float, float]]]
    x_is_log: bool = False


@dataclass(frozen=True, slots=True)
class Measured:
    """What one row found: a figure for each line by its name, and plots by file name."""

    figures: Mapping[str, Figure]
    plots: Mapping[str, Plot] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Bench:
    """What a row is given: a folder for its files, and databases that rows share."""

    folder: Path
    databases: Databases


@dataclass(frozen=True, slots=True)
class Row:
    """One measurement. `name` is what `ROWS` picks; `what` says in a sentence how it is measured.

    What is `further` is measured only where it is asked for: several processes, or the console.
    """

    name: str
    what: str
    lines: tuple[Line, ...]
    measure: Callable[[Bench], Awaitable[Measured]]
    further: bool = False


def as_json(row: Row, measured: Measured, **about: Any) -> dict[str, Any]:
    """What is kept of a measured row: all that the report shows. Raises KeyError for a line without a figure."""
    lines = []
    for line in row.lines:
        figure = measured.figures[line.name]
        ratio = figure.ours / figure.theirs if figure.theirs else None
        is_met = line.goal.is_met(figure.ours, figure.theirs)
        lines.append(
            {
                "name": line.name,
                "goal": line.goal.shown(line.unit),
                "ours": figure.ours,
                "theirs": figure.theirs,
                "unit": line.unit,
                "against": line.against,
                "ratio": ratio,
                "verdict": "met" if is_met else "missed",
                "note": figure.note,
            }
        )
    plots = {
        name: {
            "title": plot.title,
            "x": plot.x,
            "y": plot.y,
            "x_is_log": plot.x_is_log,
            "curves": dict(plot.curves),
        }
        for name, plot in measured.plots.items()
    }
    return {"what": row.what, "lines": lines, "plots": plots, **about}
