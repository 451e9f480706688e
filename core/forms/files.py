"""Answers as files: CSV for what is a table, JSON for anything else."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Sequence
from typing import Any

from core.domain import MadeFile
from core.forms.rendering import columns_of, rows_in
from core.forms.schema import Schema

CSV, JSON = "text/csv", "application/json"
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""How a cell begins that spreadsheets take for a formula: OWASP, "CSV Injection"."""
_BOM = "\ufeff"
"""Without it spreadsheets on Windows read UTF-8 as something else."""


def file_of(name: str, value: Any, schema: Schema, *, kind: str) -> MadeFile:
    """Put an answer into a file, as `kind` says: `csv` where it is a table, `json`, or, `""`, what fits it best."""
    table = rows_in(value, schema) if kind != "json" else None
    if table is None:
        data = json.dumps(value, ensure_ascii=False, indent=2).encode()
        return MadeFile(f"{name}.json", JSON, "", data)
    rows, its_schema = table
    columns = columns_of(rows, its_schema)
    return MadeFile(
        f"{name}.csv", CSV, "", csv_bytes(columns, ([row.get(c) for c in columns] for row in rows))
    )


def csv_bytes(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> bytes:
    """Write a table as CSV that opens as text in every spreadsheet; no cell of it is a formula."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow([_cell(name) for name in columns])
    writer.writerows([_cell(value) for value in row] for row in rows)
    return (_BOM + out.getvalue()).encode()


def _cell(value: Any) -> str:
    """A value as a cell. A number stays one, minus or not; a text that begins like a formula is kept from being one."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return json.dumps(value)
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return f"'{text}" if text.startswith(_FORMULA) else text
