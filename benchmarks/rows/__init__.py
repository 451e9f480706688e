"""The rows by name, in the order of the table."""

from benchmarks.row import Row

from . import (
    console,
    core_turn,
    dispatch,
    growth,
    handover,
    idle,
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
    handover,
    growth,
    open_answers,
    idle,
    on_screen,
    outage,
    console,
)
ROWS: dict[str, Row] = {each.ROW.name: each.ROW for each in MODULES}
