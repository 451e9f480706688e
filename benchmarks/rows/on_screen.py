"""How soon an answer is read, and in how many calls: `benchmarks/on_screen.py`, the whole program on both platforms."""

from __future__ import annotations

from typing import Any

from benchmarks.row import Bench, Figure, Goal, Line, Measured, Row

from .scripts import told_by

ROUNDS = 3
PLATFORMS = ("Discord", "Slack mention", "Slack DM")
MOMENT_S, SHORT_S = 0.3, 1.0
"""An answer that is whole so soon is one call; so soon, two."""
FIRST, WHOLE = "First text after the first delta: {}", "Short answer whole after its last chunk: {}"
AT_ONCE, SOON = "Calls of an answer within 0.3 s: {}", "Calls of an answer within 1 s: {}"


def most(rows: list[dict[str, Any]], what: str) -> Figure:
    """The highest median of some kinds of answers; the note tells the worst of all that were asked."""
    worst = max(row[what]["worst"] for row in rows)
    return Figure(max(row[what]["median"] for row in rows), note=f"Worst: {worst:g}.")


async def measure(_bench: Bench) -> Measured:
    """Run the script, and take its figures."""
    told = await told_by("on_screen.py", "--rounds", str(ROUNDS))
    figures = {}
    for platform in PLATFORMS:
        rows = [row for row in told if row["platform"] == platform]
        short = [row for row in rows if row["answer_over_s"] < SHORT_S]
        moment = [row for row in short if row["answer_over_s"] < MOMENT_S]
        figures[FIRST.format(platform)] = most(rows, "first_text_after_first_delta_s")
        figures[WHOLE.format(platform)] = most(short, "whole_after_last_chunk_s")
        figures[AT_ONCE.format(platform)] = most(moment, "calls")
        figures[SOON.format(platform)] = most([row for row in short if row not in moment], "calls")
    return Measured(figures)


def lines() -> tuple[Line, ...]:
    """Two times and two counts for each platform. A native stream takes a call to begin it and one to end it."""
    return tuple(
        line
        for platform in PLATFORMS
        for line in (
            Line(WHOLE.format(platform), "s", Goal(0.5, "figure")),
            Line(FIRST.format(platform), "s", Goal(0.3, "figure")),
            Line(AT_ONCE.format(platform), "", Goal(2 if platform == "Slack DM" else 1, "figure")),
            Line(SOON.format(platform), "", Goal(2, "figure")),
        )
    )


ROW = Row(
    "screen",
    "`benchmarks/on_screen.py`: answers that come at once, within 0.2 s, 0.9 s and 1.5 s, the platforms enforcing their"
    f" limits; creates, edits and stream calls. The highest median of {ROUNDS} rounds.",
    lines(),
    measure,
)
