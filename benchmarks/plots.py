"""Small line charts as SVG, light and dark: an axis from zero, a dot for each measured point."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any
from xml.sax.saxutils import escape

WIDTH, HEIGHT = 520, 300
LEFT, RIGHT, TOP, BOTTOM = 58, 130, 40, 44
COLOURS = ("#2f6fb5", "#c2571a", "#3b8a57", "#8551a8")
STYLE = """
  .paper { fill: #ffffff; } .grid { stroke: #d5dce4; } text { fill: #1c2733; font: 12px system-ui, sans-serif; }
  .head { font-size: 14px; font-weight: 700; }
  @media (prefers-color-scheme: dark) { .paper { fill: #11161d; } .grid { stroke: #33414f; } text { fill: #e3e9f0; } }
"""

Points = Sequence[Sequence[float]]


def drawn(plot: Mapping[str, Any]) -> str:
    """Draw what `benchmarks.row.as_json` kept of a plot."""
    curves: Mapping[str, Points] = plot["curves"]
    points = [point for curve in curves.values() for point in curve]
    xs, top = sorted({point[0] for point in points}), _nice(max(point[1] for point in points))

    def at(point: Sequence[float]) -> tuple[float, float]:
        part = _part(point[0], xs, is_log=plot["x_is_log"])
        return LEFT + part * (WIDTH - LEFT - RIGHT), HEIGHT - BOTTOM - point[1] / top * (
            HEIGHT - TOP - BOTTOM
        )

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}" viewBox="0 0 {WIDTH} {HEIGHT}">',
        f"<style>{STYLE}</style>",
        f'<rect class="paper" width="{WIDTH}" height="{HEIGHT}"/>',
        _text(LEFT, 20, plot["title"], "head"),
        _text(LEFT, 36, plot["y"]),
        _text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 8, plot["x"], anchor="middle"),
    ]
    for step in range(5):
        value = top * step / 4
        _, y = at((xs[0], value))
        parts += [
            f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>',
            _text(LEFT - 6, y + 4, f"{value:g}", anchor="end"),
        ]
    parts += [_text(at((x, 0))[0], HEIGHT - BOTTOM + 16, f"{x:,.0f}", anchor="middle") for x in xs]
    for number, (name, curve) in enumerate(curves.items()):
        parts += _curve(name, [at(point) for point in curve], COLOURS[number % len(COLOURS)], number)
    return "\n".join([*parts, "</svg>\n"])


def _curve(name: str, places: Sequence[tuple[float, float]], colour: str, number: int) -> list[str]:
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    dots = [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in places]
    key_y = TOP + 14 + 18 * number
    key = f'<rect x="{WIDTH - RIGHT + 14}" y="{key_y - 9}" width="10" height="10" fill="{colour}"/>'
    return [
        f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="2"/>',
        *dots,
        key,
        _text(WIDTH - RIGHT + 29, key_y, name),
    ]


def _text(x: float, y: float, words: str, kind: str = "", anchor: str = "start") -> str:
    return f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(words)}</text>'


def _part(x: float, xs: Sequence[float], *, is_log: bool) -> float:
    """How far right of the axis a value lies, from 0 to 1. On a logarithmic axis 0 lies one step left of the first."""
    if is_log:
        low = next((each for each in xs if each), 1.0) / 10
        return math.log(max(x, low) / low) / math.log(max(xs) / low)
    return x / (max(xs) or 1)


def _nice(value: float) -> float:
    """A round number not below a value: the end of an axis."""
    unit = 10.0 ** math.floor(math.log10(value or 1))
    return next(step * unit for step in (1, 1.2, 1.6, 2, 2.4, 3.2, 4, 6, 8, 10) if step * unit >= value)
