"""What a database is asked while a test runs, and how it means to find it: which tables it would read whole."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Engine, TextClause, event

from core.storage.db import Database

GROWING = {
    *("turns", "messages", "conversations", "identities", "persons", "events"),
    *("deliveries", "calls", "tool_activity", "usage", "feedback", "audit_log"),
    *("digest_runs", "digest_opt_outs", "reminders"),
}
SMALL = 300
"""Rows of an index that holds few, however large its table is: what waits, or runs."""
PLANNING_COST = 20.0
"""What the server counts for planning a statement on up to seven tables (`cached_plan_cost` in plancache.c)."""
NAMED = re.compile(r'(?:FROM|JOIN|UPDATE|INTO|,)\s+"?(\w+)"?(?:\s+AS\s+"?(\w+)"?)?', re.IGNORECASE)


@dataclass
class Recorder:
    """Every statement that any engine executed, each once, with the values of its first time."""

    statements: dict[str, Any] = field(default_factory=dict)

    def note(self, _on: Any, _cursor: Any, statement: str, values: Any, context: Any, _many: bool) -> None:
        is_tests_own = isinstance(getattr(context.compiled, "statement", None), TextClause)
        asks = statement.lstrip().upper().startswith(("SELECT", "WITH", "INSERT", "UPDATE", "DELETE"))
        if asks and not is_tests_own:
            self.statements.setdefault(statement, values)


@contextmanager
def recorded() -> Iterator[Recorder]:
    """Note what is executed inside the block, in whichever part of the program."""
    recorder = Recorder()
    event.listen(Engine, "before_cursor_execute", recorder.note)
    try:
        yield recorder
    finally:
        event.remove(Engine, "before_cursor_execute", recorder.note)


async def read_whole(database: Database, statements: Mapping[str, Any]) -> list[str]:
    """For each statement that would read a growing table, or an index of all its rows, from end to end: how."""
    explain = _of_sqlite if database.is_sqlite else _of_postgresql
    async with database.read() as connection:
        return [
            f"{step}\n    in: {statement}"
            for statement, values in statements.items()
            for step in await connection.run_sync(explain, statement, values)
        ]


def _of_sqlite(connection: Connection, statement: str, values: Any) -> Sequence[str]:
    plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values).all()
    tables = {alias or table: table for table, alias in NAMED.findall(statement)}
    whole = []
    for *_, step in plan:
        scanned = re.match(r"SCAN (\w+)(?: USING (?:COVERING )?INDEX (\w+))?", step)
        if scanned and tables.get(scanned[1]) in GROWING and not _is_small(connection, scanned[2]):
            whole.append(step)
    return whole


def _of_postgresql(connection: Connection, statement: str, values: Any) -> Sequence[str]:
    return [
        f"{node['Node Type']} {node.get('Relation Name', '')} {node.get('Index Name', '')}"
        for plan in _likely(postgresql_plans(connection, statement, values))
        for node in _nodes(plan)
        if _reads_whole(connection, node)
    ]


def _likely(plans: Sequence[Mapping[str, Any]]) -> Sequence[Mapping[str, Any]]:
    """The plan for the values, and the one for all values where the server would go on with it."""
    with_values, for_all = plans
    saves_planning = for_all["Total Cost"] <= with_values["Total Cost"] + PLANNING_COST
    return plans if saves_planning else (with_values,)


def postgresql_plans(connection: Connection, statement: str, values: Any) -> Sequence[Mapping[str, Any]]:
    """How PostgreSQL would run a statement with these values, and by the plan that it keeps for all values.

    A connection that ran a statement some ten times goes on with the kept one where that is expected to cost less.
    """
    names: list[str] = []

    def numbered(match: re.Match[str]) -> str:
        names.append(match[1])
        return f"${len(names)}"

    for_all = re.sub(r"%\((\w+)\)s", numbered, statement)
    plans = (
        connection.exec_driver_sql(f"EXPLAIN (FORMAT JSON) {statement}", values).scalar_one(),
        connection.exec_driver_sql(f"EXPLAIN (GENERIC_PLAN, FORMAT JSON) {for_all}").scalar_one(),
    )
    return [(json.loads(plan) if isinstance(plan, str) else plan)[0]["Plan"] for plan in plans]


def _nodes(plan: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The steps of a plan, without those that end with their first row, such as a search for the highest id."""
    yield plan
    for child in plan.get("Plans", ()):
        ends_at_once = plan["Node Type"] == "Limit" and plan["Plan Rows"] <= 1 and "Filter" not in child
        if not (ends_at_once and child["Node Type"].startswith("Index")):
            yield from _nodes(child)


def _reads_whole(connection: Connection, node: Mapping[str, Any]) -> bool:
    if node["Node Type"] == "Seq Scan":
        return node["Relation Name"] in GROWING
    by_index = node["Node Type"] in ("Index Scan", "Index Only Scan", "Bitmap Index Scan")
    by_index &= node.get("Relation Name") in {None, *GROWING}  # a bitmap's node names its index alone
    return by_index and "Index Cond" not in node and not _is_small(connection, node["Index Name"])


def _is_small(connection: Connection, index: str | None) -> bool:
    """Whether an index is on some rows only, and these are few."""
    if index is None:
        return False
    if connection.dialect.name == "sqlite":
        found = connection.exec_driver_sql("SELECT sql FROM sqlite_master WHERE name = ?", (index,)).scalar()
    else:
        found = connection.exec_driver_sql("SELECT pg_get_indexdef(%s::regclass)", (index,)).scalar()
    partial = re.search(r" ON (?:\w+\.)?(\w+) .*? WHERE (.*)", found or "", re.DOTALL)
    if partial is None:
        return False
    rows = connection.exec_driver_sql(f"SELECT count(*) FROM {partial[1]} WHERE {partial[2]}").scalar_one()  # noqa: S608  from the schema
    return int(rows) <= SMALL
