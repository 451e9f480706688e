"""Schemas: what AIVAX would not obey is refused by name, and what comes back is checked as AIVAX would."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.forms.json_text import value_in
from core.forms.schema import problems_of
from core.forms.validation import faults_of
from sandbox.completions.schemas import broken, obeying
from tests.forms_samples import TICKET, json_values, schemas

RESULT = TICKET["result"]


def problem(**schema: Any) -> str:
    return next(problems_of(schema), "")


@pytest.mark.parametrize(
    ("schema", "told"),
    [
        ({"type": "object", "additionalProperties": False}, "AIVAX does not obey 'additionalProperties'"),
        ({"type": "object", "oneOf": []}, "AIVAX does not obey 'oneOf'"),
        ({"type": "array", "items": {"$ref": "#/x"}}, "at []: type is missing"),
        ({"type": "object", "properties": {"a": {"type": "date"}}}, "at a: type 'date' is none of string"),
        (
            {"type": "object", "properties": {"a": {"type": "string", "const": 1}}},
            "at a: AIVAX does not obey 'const'",
        ),
        ({"type": "integer", "maxLength": 3}, "maxLength means nothing for type integer"),
        ({"type": "integer", "enum": [1]}, "enum means nothing for type integer"),
        ({"type": "string", "maxLength": "3"}, "maxLength must be a whole number of 0 or more"),
        ({"type": "string", "maxLength": True}, "maxLength must be a whole number of 0 or more"),
        ({"type": "string", "pattern": "("}, "pattern must be a regular expression"),
        ({"type": "string", "format": "phone"}, "format must be one of date, time"),
        ({"type": "number", "multipleOf": 0}, "multipleOf must be a number above 0"),
        ({"type": "object", "properties": [], "required": []}, "properties must be an object"),
        (
            {"type": "object", "properties": {}, "required": ["a"]},
            "required names 'a', which properties has not",
        ),
        ({"type": "object", "properties": {"a": 1}}, "at a: write a JSON Schema"),
        ({}, "type is missing"),
    ],
)
def test_what_aivax_does_not_obey_is_refused_by_name(schema: dict[str, Any], told: str) -> None:
    assert problem(**schema).startswith(told)


def test_a_schema_without_end_is_refused() -> None:
    schema: dict[str, Any] = {"type": "string"}
    for _ in range(40):
        schema = {"type": "array", "items": schema}

    assert "nested more than 16 levels" in problem(**schema)


@settings(deadline=None)
@given(schemas)
def test_nothing_is_said_against_what_aivax_obeys(schema: dict[str, Any]) -> None:
    assert list(problems_of(schema)) == []


@settings(deadline=None)
@given(json_values)
def test_no_json_breaks_the_judging_of_a_schema(schema: Any) -> None:
    list(problems_of(schema))


@settings(deadline=None)
@given(schemas, st.text(max_size=30), st.integers(1, 4))
def test_what_the_sandbox_makes_up_obeys_as_the_bot_checks(
    schema: dict[str, Any], text: str, rows: int
) -> None:
    made = obeying(schema, text, rows=rows)

    assert faults_of(json.loads(json.dumps(made)), schema) == []


@settings(deadline=None)
@given(schemas, json_values)
def test_no_value_breaks_the_check(schema: dict[str, Any], value: Any) -> None:
    assert len(faults_of(value, schema)) <= 5


@pytest.mark.parametrize(
    ("schema", "value", "fits"),
    [
        ({"type": "integer"}, 3.0, True),
        ({"type": "integer"}, True, False),
        ({"type": "number"}, False, False),
        ({"type": "boolean"}, 1, False),
        ({"type": ["string", "null"]}, None, True),
        ({"type": "number", "multipleOf": 0.1}, 0.3, True),
        ({"type": "number", "multipleOf": 0.1}, 0.35, False),
        ({"type": "integer", "multipleOf": 3}, 10**40 * 3, True),
        ({"type": "number", "exclusiveMinimum": 1}, 1, False),
        ({"type": "number", "exclusiveMaximum": 1}, 0.99, True),
        ({"type": "array", "uniqueItems": True}, [1, 1.0], False),
        ({"type": "array", "uniqueItems": True}, [1, True, "1", None, [1], {"a": 1}], True),
        ({"type": "array", "uniqueItems": True}, [{"a": [1]}, {"a": [1]}], False),
        ({"type": "string", "pattern": "b"}, "abc", True),
        ({"type": "string", "maxLength": 2}, "👩‍💻", False),
        ({"type": "string", "format": "date"}, "2026-02-30", False),
        ({"type": "string", "format": "date-time"}, "2026-02-28T10:00:00+02:00", True),
        ({"type": "string", "format": "time"}, "25:00:00Z", False),
        ({"type": "string", "format": "ipv6"}, "::1", True),
        ({"type": "string", "format": "uri"}, "no address", False),
        (RESULT, {"title": "x", "urgent": True}, True),
        (RESULT, {"title": "x", "urgent": True, "more": 1}, True),
        (RESULT, {"title": "x"}, False),
        (RESULT, {"title": "x", "urgent": True, "level": 2}, False),
    ],
)
def test_the_check_is_that_of_json_schema(schema: dict[str, Any], value: Any, fits: bool) -> None:
    assert (faults_of(value, schema) == []) is fits


def test_a_fault_says_where_and_what() -> None:
    schema = {"type": "array", "items": RESULT}

    assert faults_of([{"title": 1, "urgent": True}, {"title": "x", "urgent": True, "level": 1}], schema) == [
        "title of item 1 of the answer is no string",
        "level of item 2 of the answer is less than 3",
    ]


# What a model wrote


def fitting(value: Any) -> bool:
    return faults_of(value, RESULT) == []


GOOD = {"title": "It {is} [here]", "urgent": False}
BARE = json.dumps(GOOD)


@pytest.mark.parametrize(
    "text",
    [
        BARE,
        f"  {BARE}\n",
        f"```json\n{BARE}\n```",
        f"```\n{BARE}\n```\n",
        f"Here it is:\n\n```json\n{BARE}\n```\nAnything else?",
        f"Sure! {BARE} Done.",
        f'{{"title": "an earlier one", "urgent": true}}{BARE}',
        f"{broken(BARE)}{BARE}",
        f"{broken(BARE)}\n{broken(BARE)}\n{BARE}",
        f'{BARE}{{"title": "one that does not fit"}}',
        f"[1] a note, and then {BARE}",
    ],
)
def test_the_json_is_found_however_it_is_wrapped(text: str) -> None:
    assert value_in(text, fitting) == GOOD


@pytest.mark.parametrize(
    "text", ["", "no", "{", "[" * 50_000, '{"a": NaN}', "[1e999]", '{"a":' * 2_000, "[" * 100 + "]" * 100]
)
def test_what_is_no_json_is_told_so_and_takes_no_time(text: str) -> None:
    with pytest.raises(ValueError, match="no JSON"):
        value_in(text, fitting)


@settings(deadline=None)
@given(json_values, st.text(max_size=20).filter(lambda text: not set(text) & set("{[`")))
def test_any_json_is_found_among_words(value: Any, around: str) -> None:
    written = json.dumps([value]).replace("\\u0000", "")

    assert value_in(f"{around}\n{written}", lambda _: True) == json.loads(written)


@settings(deadline=None)
@given(st.text('{}[]",:\\ab1\n`', max_size=60))
def test_no_text_breaks_the_search(text: str) -> None:
    with suppress(ValueError):
        value_in(text, fitting)


def test_halves_of_letters_and_nul_are_made_fit_to_be_stored() -> None:
    assert value_in('["\\ud83d", "a\\u0000b"]', lambda _: True) == ["\ufffd", "ab"]
