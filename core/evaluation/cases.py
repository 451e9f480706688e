"""The questions of an evaluation, and what is expected of their answers: JSON, one in a line."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, ValidationError

from core.forms.patterns import is_readable
from core.forms.schema import Schema, problems_of

MOST_CASES = 5_000
QUESTION_CHARS = 100_000
Words = Annotated[str, StringConstraints(min_length=1, max_length=QUESTION_CHARS)]
Several = Annotated[
    tuple[Words, ...], BeforeValidator(lambda given: [given] if isinstance(given, str) else given)
]


class CasesRefused(Exception):
    """The file can't be used. `problems`: a sentence for each line."""

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(self.problems))


class _Line(BaseModel):
    """One line: the fields of an export of feedback, and what is expected."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    question: Words
    contains: Several = ()
    regex: Several = ()
    exact: str | None = None
    json_schema: dict[str, Any] | None = Field(None, alias="schema")
    answer: str = ""
    rating: str = ""
    comment: str = ""
    at: str = ""
    model: str = ""
    place: str = ""


@dataclass(frozen=True, slots=True)
class Case:
    """One question."""

    number: int
    """The line that it stands in, from 1."""
    question: str
    contains: tuple[str, ...] = ()
    """Each of them stands in the answer, in whichever case."""
    regex: tuple[str, ...] = ()
    """Each of them fits a part of the answer (Rust's `regex`: no look-around)."""
    exact: str | None = None
    """The answer is this, but for blanks around it."""
    schema: Schema | None = None
    """The answer is JSON, or holds some, that fits."""
    answer: str = ""
    """What was answered before."""

    @property
    def has_rules(self) -> bool:
        return bool(self.contains or self.regex or self.exact is not None or self.schema is not None)


def read_cases(lines: Iterable[str]) -> list[Case]:
    """The questions of a file.

    Raises:
        CasesRefused: with what is wrong, line by line; also where there is none, or more than `MOST_CASES`.
    """
    cases: list[Case] = []
    problems: list[str] = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        if len(cases) >= MOST_CASES:
            problems.append(f"line {number}: there are more than {MOST_CASES} questions; split the file")
            break
        try:
            cases.append(_case(number, line))
        except ValueError as error:
            problems += [f"line {number}: {each}" for each in _told(error)]
    if not cases and not problems:
        problems.append("there is no question in it")
    if problems:
        raise CasesRefused(problems)
    return cases


def _case(number: int, line: str) -> Case:
    try:
        given = _Line.model_validate(json.loads(line))
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    wrong = [f"regex {each!r} can't be read" for each in given.regex if not is_readable(each)]
    if given.json_schema is not None:
        wrong += [f"schema: {each}" for each in problems_of(given.json_schema)]
    if wrong:
        raise ValueError("; ".join(wrong))
    rules = (given.contains, given.regex, given.exact, given.json_schema)
    return Case(number, given.question, *rules, answer=given.answer)


def _told(error: ValueError) -> Iterator[str]:
    if isinstance(error, ValidationError):
        for each in error.errors(include_url=False, include_input=False)[:3]:
            yield f"{'.'.join(map(str, each['loc'])) or 'it'}: {each['msg']}"
    elif isinstance(error, json.JSONDecodeError):
        yield f"this is no JSON: {error.msg} at character {error.colno}"
    else:
        yield str(error)
