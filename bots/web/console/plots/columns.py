"""Columns over time, as numbers for the SVG of `templates/plot.html`: no library draws so little for so little."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

WIDE, NARROW = 960.0, 480.0
"""The widths of a plot that has the page for itself, and of one that shares it."""
HEIGHT, LEFT, BOTTOM, TOP = 190.0, 52.0, 24.0, 10.0
LINES = 4
"""At most so many lines across, the ground not counted."""
_STEPS = (1, 2, 2.5, 5, 10)


@dataclass(frozen=True, slots=True)
class Column:
    """What stands over one hour or day: its name, and the parts that it is stacked of, from the ground."""

    name: str
    parts: Sequence[tuple[float, str]]
    """Each with its kind, the class that colours it."""
    title: str
    """What is read on hover: the name with all numbers."""


@dataclass(frozen=True, slots=True)
class Bar:
    """A rectangle, in the plot's own units."""

    x: float
    y: float
    width: float
    height: float
    kind: str


@dataclass(frozen=True, slots=True)
class Place:
    """One column as it is drawn: its bars, and the strip over which it is hovered."""

    bars: Sequence[Bar]
    x: float
    width: float
    title: str


@dataclass(frozen=True, slots=True)
class Plot:
    """All that is drawn."""

    columns: Sequence[Place]
    lines: Sequence[tuple[float, str]]
    """Heights across, with what they stand for."""
    names: Sequence[tuple[float, str]]
    """Names below the ground, by their middle."""
    is_empty: bool
    width: float
    height: float = HEIGHT
    left: float = LEFT
    ground: float = HEIGHT - BOTTOM
    top: float = TOP


def plot(
    columns: Sequence[Column], tell: Callable[[float], str], *, width: float, every: int, whole: bool
) -> Plot:
    """Lay columns out. `every`: so many columns apart names stand; `whole`: lines stand at whole numbers alone."""
    highest = max((sum(part for part, _ in each.parts) for each in columns), default=0.0)
    step = _step(highest, whole=whole)
    top_value = step * math.ceil(highest / step) if highest else step
    room, each_width = HEIGHT - BOTTOM - TOP, (width - LEFT) / max(1, len(columns))

    def height(value: float) -> float:
        return round(room * value / top_value, 2)

    places, names = [], []
    for number, column in enumerate(columns):
        x = LEFT + number * each_width
        places.append(
            Place(_bars(column, x, each_width, height), round(x, 2), round(each_width, 2), column.title)
        )
        if number % every == 0:
            names.append((round(x + each_width / 2, 2), column.name))
    marks = [step * each for each in range(round(top_value / step) + 1)]
    lines = [(HEIGHT - BOTTOM - height(mark), tell(mark)) for mark in marks]
    return Plot(places, lines, names, is_empty=not highest, width=width)


def _bars(column: Column, x: float, width: float, height: Callable[[float], float]) -> list[Bar]:
    ground, bars = HEIGHT - BOTTOM, []
    for value, kind in column.parts:
        if value > 0:
            tall = max(1.5, height(value))
            bars.append(
                Bar(round(x + width * 0.15, 2), round(ground - tall, 2), round(width * 0.7, 2), tall, kind)
            )
            ground -= tall
    return bars


def _step(highest: float, *, whole: bool) -> float:
    """How far lines are apart: 1, 2, 2.5 or 5 of some power of ten."""
    if highest <= 0:
        return 1.0
    rough = highest / LINES
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(each * power for each in _STEPS if each * power >= rough - 1e-12)
    return max(1.0, float(math.ceil(step))) if whole else step


def percentile(ordered: Sequence[float], part: float) -> float | None:
    """The value that `part` of them do not exceed; None: there are none."""
    return ordered[max(0, math.ceil(part * len(ordered)) - 1)] if ordered else None
