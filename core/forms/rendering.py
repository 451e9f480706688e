"""An answer that fits its schema as people read it: fields, a table, and JSON for what is nested deeper.

All that the model wrote is escaped: it shows as it is, and means nothing.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core.domain import Translator
from core.forms.schema import Schema, properties_of
from core.i18n import Phrase
from core.markdown.literal import code_block, literal
from core.util.text import shorten

MOST_ROWS = 50
NOTHING = "-"
"""What stands where there is no value."""
_MOST_FIELDS = 100
_MOST_LISTED = 50
_CELL_CHARS = 200
_FIELD_CHARS = 8_000
_BLOCK_CHARS = 8_000


@dataclass(frozen=True, slots=True)
class Shown:
    """An answer in Markdown."""

    markdown: str
    is_cut: bool = False
    """Whether something of it is not shown."""


def shown(value: Any, schema: Schema, translator: Translator) -> Shown:
    """Write an answer in Markdown."""
    return _Page(translator).write(value, schema)


def rows_in(value: Any, schema: Schema) -> tuple[list[Mapping[str, Any]], Schema] | None:
    """The rows of an answer that is a table: a list of objects, alone or as the only list of objects in an object.

    With the schema of one of them; None where it is no table.
    """
    if isinstance(value, list):
        return (value, schema.get("items", {})) if value and _are_objects(value) else None
    found = [
        rows
        for name, inner in properties_of(schema).items()
        if isinstance(value, Mapping) and isinstance(value.get(name), list)
        if (rows := rows_in(value[name], inner)) is not None
    ]
    return found[0] if len(found) == 1 else None


def columns_of(rows: Sequence[Mapping[str, Any]], schema: Schema) -> list[str]:
    """The names of a table's columns: the schema's, else those that the rows have, in the order in which they come."""
    return list(properties_of(schema)) or list(dict.fromkeys(name for row in rows for name in row))


class _Page:
    """Grows part by part, each with a blank line around it."""

    def __init__(self, translator: Translator) -> None:
        self._translator = translator
        self._parts: list[str] = []
        self._is_cut = False

    def write(self, value: Any, schema: Schema) -> Shown:
        if isinstance(value, Mapping):
            self._fields(value, schema)
        else:
            self._inside(value, schema)
        return Shown("\n\n".join(self._parts), self._is_cut)

    def _fields(self, value: Mapping[str, Any], schema: Schema) -> None:
        """A line for each field, what is more than a line behind them."""
        known = properties_of(schema)
        names = [name for name in (known or value) if name in value]
        self._is_cut = self._is_cut or len(names) > _MOST_FIELDS
        lines, longer = [], []
        for name in names[:_MOST_FIELDS]:
            title = literal(shorten(str(known.get(name, {}).get("title") or name), _CELL_CHARS))
            if (said := self._line(value[name])) is not None:
                lines.append(f"**{title}**: {said}")
            else:
                longer.append((title, value[name], known.get(name, {})))
        if lines:
            self._parts.append("\n".join(f"- {line}" for line in lines))
        for title, inner, its_schema in longer:
            self._parts.append(f"**{title}**")
            self._inside(inner, its_schema)

    def _line(self, value: Any) -> str | None:
        """A value in one line; None where it needs more."""
        if isinstance(value, Mapping):
            return None
        if isinstance(value, list):
            if len(value) > _MOST_LISTED or not all(_is_plain(each) for each in value):
                return None
            return ", ".join(self._plain(each, _CELL_CHARS) for each in value) or NOTHING
        return self._plain(value, _FIELD_CHARS)

    def _inside(self, value: Any, schema: Schema) -> None:
        if isinstance(value, list) and value and _are_objects(value) and all(map(_is_flat, value)):
            self._table(value, schema.get("items", {}))
        elif isinstance(value, list) and all(map(_is_plain, value)):
            self._list(value)
        else:
            self._json(value)

    def _list(self, values: Sequence[Any]) -> None:
        items = [f"- {self._plain(each, _CELL_CHARS)}" for each in values[:_MOST_LISTED]]
        self._parts.append("\n".join(items) or NOTHING)
        self._tell_of_rest(len(values) - _MOST_LISTED)

    def _table(self, rows: Sequence[Mapping[str, Any]], schema: Schema) -> None:
        columns = columns_of(rows, schema)
        titles = [str(properties_of(schema).get(name, {}).get("title") or name) for name in columns]
        numeric = [all(_is_number(row[name]) for row in rows if name in row) for name in columns]
        lines = [
            _row([literal(shorten(title, _CELL_CHARS)) for title in titles]),
            _row(["---:" if right else "---" for right in numeric]),
        ]
        lines += [_row([self._cell(row.get(name)) for name in columns]) for row in rows[:MOST_ROWS]]
        self._parts.append("\n".join(lines))
        self._tell_of_rest(len(rows) - MOST_ROWS)

    def _cell(self, value: Any) -> str:
        if isinstance(value, list):
            return ", ".join(self._plain(each, _CELL_CHARS) for each in value[:_MOST_LISTED])
        return "" if value is None else self._plain(value, _CELL_CHARS)

    def _json(self, value: Any) -> None:
        text = json.dumps(value, ensure_ascii=False, indent=2)
        self._is_cut = self._is_cut or len(text) > _BLOCK_CHARS
        self._parts.append(code_block(shorten(text, _BLOCK_CHARS), "json"))

    def _plain(self, value: Any, most_chars: int) -> str:
        if isinstance(value, bool):
            return self._translator.say(Phrase.FORM_YES if value else Phrase.FORM_NO)
        if value is None:
            return NOTHING
        text = value if isinstance(value, str) else json.dumps(value)
        self._is_cut = self._is_cut or len(text) > most_chars
        return literal(shorten(text, most_chars)) or NOTHING

    def _tell_of_rest(self, count: int) -> None:
        if count > 0:
            self._is_cut = True
            self._parts.append(self._translator.say(Phrase.FORM_ROWS_CUT, count=count))


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _are_objects(values: Sequence[Any]) -> bool:
    return all(isinstance(each, Mapping) for each in values)


def _is_flat(row: Mapping[str, Any]) -> bool:
    """Whether each of its values fits in a cell."""
    return all(
        _is_plain(each) or (isinstance(each, list) and all(map(_is_plain, each))) for each in row.values()
    )


def _is_plain(value: Any) -> bool:
    return not isinstance(value, list | Mapping)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
