"""The rows by name, in the order of the table."""

from benchmarks.row import Row

from . import (
    console,
    core_turn,
    dispatch,
    growth,
    handover,
    idle,
    jobs,
    on_screen,
    open_answers,
    outage,
    postgres,
    reading,
    statements,
    whole_turns,
)

MODULES = (
    reading,
    whole_turns,
    core_turn,
    statements,
    postgres,
    dispatch,
    jobs,
    handover,
    growth,
    open_answers,
    idle,
    on_screen,
    outage,
    console,
)
ROWS: dict[str, Row] = {each.ROW.name: each.ROW for each in MODULES}
SETS: dict[str, tuple[str, ...]] = {
    "default": tuple(name for name, row in ROWS.items() if not row.further),
    "further": tuple(name for name, row in ROWS.items() if row.further),
    "all": tuple(ROWS),
}
"""Names that stand for several rows; the default one is measured where nothing is picked."""
