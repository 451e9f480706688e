"""A file of rows, as people attach it: CSV, or JSON line by line."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from core.util.text import sound

MOST_COLUMNS = 200
_DELIMITERS = ",;\t|"


class BadSheet(Exception):
    """The file can't be read as rows; at `line` where one line is why, else 0."""

    def __init__(self, line: int = 0) -> None:
        super().__init__(line)
        self.line = line


@dataclass(frozen=True, slots=True)
class Sheet:
    """The rows of a file, in their order."""

    kind: Literal["csv", "jsonl"]
    columns: tuple[str, ...]
    """Those of a CSV; of JSON lines all names that any line has."""
    rows: tuple[Mapping[str, Any], ...] = field(repr=False)

    def stored(self) -> str:
        """As JSON."""
        return json.dumps({"kind": self.kind, "columns": self.columns, "rows": self.rows}, ensure_ascii=False)

    @classmethod
    def of_stored(cls, text: str) -> Sheet:
        """What `stored` wrote."""
        told = json.loads(text)
        return cls(told["kind"], tuple(told["columns"]), tuple(told["rows"]))


def read_sheet(name: str, data: bytes) -> Sheet:
    """Read a file: JSON lines where it begins with a brace or is called so, else CSV with a head.

    Raises:
        BadSheet: it is no text, or no rows.
    """
    try:
        text = sound(data.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise BadSheet from None
    is_jsonl = name.lower().endswith((".jsonl", ".ndjson")) or text.lstrip()[:1] == "{"
    sheet = _json_lines(text) if is_jsonl else _csv(text)
    if not sheet.rows or len(sheet.columns) > MOST_COLUMNS:
        raise BadSheet
    return sheet


def _json_lines(text: str) -> Sheet:
    rows = []
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError):
            raise BadSheet(number) from None
        if not isinstance(row, dict):
            raise BadSheet(number)
        rows.append(row)
    return Sheet("jsonl", tuple(dict.fromkeys(name for row in rows for name in row)), tuple(rows))


def _csv(text: str) -> Sheet:
    head = text.partition("\n")[0]
    delimiter = max(_DELIMITERS, key=head.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        lines = [line for line in reader if any(cell.strip() for cell in line)]
    except csv.Error:
        raise BadSheet(reader.line_num) from None
    if not lines:
        raise BadSheet
    columns = tuple(name.strip() for name in lines[0])
    if len(set(columns)) < len(columns) or not all(columns):
        raise BadSheet(1)
    rows = [dict(zip(columns, line, strict=False)) for line in lines[1:]]
    if wrong := next((at for at, line in enumerate(lines[1:], 2) if len(line) > len(columns)), 0):
        raise BadSheet(wrong)
    return Sheet("csv", columns, tuple(rows))


def cell(value: Any) -> str:
    """What stands in a row, as people would write it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def names_of(columns: Sequence[str]) -> Mapping[str, str]:
    """The columns by their names as inputs of a form have them: `Floor No` is `floor_no`."""
    return {"_".join(name.lower().split()).replace("-", "_"): name for name in reversed(columns)}
