"""Whether an answer is what a rule asks for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from core.evaluation.cases import Case
from core.forms.json_text import value_in
from core.forms.patterns import matches
from core.forms.schema import Schema
from core.forms.validation import faults_of

_SHOWN = 60


def faults_in(answer: str, case: Case) -> list[str]:
    """What of the rules of a question its answer breaks; empty where it breaks none."""
    return list(_faults(answer, case))


def _faults(answer: str, case: Case) -> Iterator[str]:
    folded = answer.casefold()
    for each in case.contains:
        if each.casefold() not in folded:
            yield f"it does not hold {_short(each)}"
    for each in case.regex:
        if not matches(each, answer):
            yield f"nothing in it fits {_short(each)}"
    if case.exact is not None and answer.strip() != case.exact.strip():
        yield f"it is not {_short(case.exact)}"
    if case.schema is not None:
        yield from _schema_faults(answer, case.schema)


def _schema_faults(answer: str, schema: Schema) -> Iterator[str]:
    def fits(value: Any) -> bool:
        return not faults_of(value, schema)

    try:
        value = value_in(answer, fits)
    except (ValueError, RecursionError):
        yield "there is no JSON in it"
    else:
        yield from faults_of(value, schema)


def _short(text: str) -> str:
    return repr(text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…")
