"""Rows become items, each with a number of its own in it; what comes back is put beside the row with that number."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from core.aivax.services.batch import Line
from core.batch.sheet import Sheet, cell, names_of
from core.forms.files import csv_bytes
from core.forms.inputs import checked_inputs
from core.forms.json_text import value_in
from core.forms.schema import properties_of
from core.forms.settings import FormSettings
from core.forms.validation import faults_of

INSTRUCTION = (
    "Each document is a JSON object. Do what its `prompt` asks, and answer in the form of the schema. "
    "Its `id` is a number of our own: it means nothing."
)
NOT_DONE, NOT_AS_ASKED = "not done", "not as asked"
STATES = {
    "refused": "refused",
    "executionerror": "execution error",
    "validationerror": "validation error",
    "cancelled": "cancelled",
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a row: a value, or why there is none."""

    value: Any = None
    error: str = ""


def items_of(sheet: Sheet, form: FormSettings) -> bytes:
    """Write a line for each row. Raises `WrongInput` for the first row that the form does not take, and says which.

    Columns are the form's inputs, by their names; others are left alone.
    """
    columns = names_of(sheet.columns)
    lines = []
    for number, row in enumerate(sheet.rows, 1):
        given = {each.name: cell(row.get(columns.get(each.name, each.name))) for each in form.inputs}
        prompt = form.filled_in(checked_inputs(form, given, row=number))
        lines.append(json.dumps({"id": number, "prompt": prompt}, ensure_ascii=False))
    return "\n".join(lines).encode()


def outcomes_of(lines: Iterable[Line], form: FormSettings) -> Mapping[int, Outcome]:
    """What came of each row, by its number; a line without one is nobody's."""
    found: dict[int, Outcome] = {}
    for line in lines:
        number = _number_in(line.input)
        if number is not None:
            found[number] = _outcome(line, form)
    return found


def _number_in(given: object) -> int | None:
    if isinstance(given, str):
        try:
            given = json.loads(given)
        except (ValueError, RecursionError):
            return None
    number = given.get("id") if isinstance(given, Mapping) else None
    return number if isinstance(number, int) and not isinstance(number, bool) else None


def _outcome(line: Line, form: FormSettings) -> Outcome:
    if line.state in STATES:
        return Outcome(error=STATES[line.state])
    value = line.output
    if isinstance(value, str):
        try:
            value = value_in(value, lambda found: not faults_of(found, form.result))
        except ValueError:
            return Outcome(error=NOT_AS_ASKED)
    if value is None or faults_of(value, form.result):
        return Outcome(error=NOT_AS_ASKED)
    return Outcome(value)


def result_of(sheet: Sheet, outcomes: Mapping[int, Outcome], form: FormSettings) -> bytes:
    """Write the rows in their order with what came of them, in the form in which they came."""
    all_of = [(row, outcomes.get(at, Outcome(error=NOT_DONE))) for at, row in enumerate(sheet.rows, 1)]
    if sheet.kind == "jsonl":
        lines = ({"input": row, "result": each.value, "error": each.error} for row, each in all_of)
        return "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines).encode()
    fields = list(properties_of(form.result)) if form.result.get("type") == "object" else []
    answers = [_free(name, sheet.columns) for name in fields or ["result"]]
    columns = [*sheet.columns, *answers, _free("error", (*sheet.columns, *answers))]
    rows = ([*_given(row, sheet), *_answered(each, fields), each.error] for row, each in all_of)
    return csv_bytes(columns, rows)


def _given(row: Mapping[str, Any], sheet: Sheet) -> list[Any]:
    return [row.get(name) for name in sheet.columns]


def _answered(outcome: Outcome, fields: list[str]) -> list[Any]:
    if not fields:
        return [outcome.value]
    value = outcome.value if isinstance(outcome.value, Mapping) else {}
    return [value.get(name) for name in fields]


def _free(name: str, taken: Iterable[str]) -> str:
    """A name for a column that no other has."""
    taken = set(taken)
    return (
        name
        if name not in taken
        else next(found for number in range(2, len(taken) + 3) if (found := f"{name} {number}") not in taken)
    )
