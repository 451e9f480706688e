"""Files of rows: read, made into items, and put together again with what came of each."""

from __future__ import annotations

import csv
import io
import json
import random
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.aivax.services.batch import Line
from core.batch.items import items_of, outcomes_of, result_of
from core.batch.sheet import BadSheet, Sheet, read_sheet
from core.forms.inputs import WrongInput
from tests.forms_samples import TICKET, form, json_values

FORM = form(prompt="{text} on {floor}")
ANSWER = {"title": "t", "urgent": True}


def line(number: int, output: Any = ANSWER, state: str = "finished") -> Line:
    return Line(json.dumps({"id": number, "prompt": "p"}), output, state)


def cells(data: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")))


@pytest.mark.parametrize(
    ("name", "data", "kind", "rows"),
    [
        ("a.csv", b"text,floor\na,1\n", "csv", [{"text": "a", "floor": "1"}]),
        (
            "a.csv",
            b'\xef\xbb\xbftext;floor\r\n"a;\r\nb";1\r\n\r\n',
            "csv",
            [{"text": "a;\r\nb", "floor": "1"}],
        ),
        ("a.csv", b"text,floor\na\n", "csv", [{"text": "a"}]),
        ("a.jsonl", b'{"text": "a"}\n\n{"floor": 2}\n', "jsonl", [{"text": "a"}, {"floor": 2}]),
        ("a.txt", b'{"text": "\\u00e9"}', "jsonl", [{"text": "é"}]),
    ],
)
def test_rows_are_read_in_their_order(name: str, data: bytes, kind: str, rows: list[Any]) -> None:
    sheet = read_sheet(name, data)

    assert (sheet.kind, list(sheet.rows)) == (kind, rows)
    assert Sheet.of_stored(sheet.stored()) == sheet


@pytest.mark.parametrize(
    ("name", "data", "at"),
    [
        ("a.csv", b"", 0),
        ("a.csv", b"text,floor\n", 0),
        ("a.csv", b"text,text\na,b\n", 1),
        ("a.csv", b"text,\na,b\n", 1),
        ("a.csv", b"text\na,b\n", 2),
        ("a.csv", b"\xff\xfe\x00", 0),
        ("a.jsonl", b'{"a": 1}\n[1]\n', 2),
        ("a.jsonl", b'{"a": 1}\n{\n', 2),
        ("a.jsonl", b"[" * 100_000, 1),
    ],
)
def test_what_can_t_be_read_is_told_by_its_line(name: str, data: bytes, at: int) -> None:
    with pytest.raises(BadSheet) as caught:
        read_sheet(name, data)

    assert caught.value.line == at


@settings(deadline=None)
@given(st.binary(max_size=200), st.sampled_from(["a.csv", "a.jsonl"]))
def test_no_file_breaks_the_reading(data: bytes, name: str) -> None:
    with suppress(BadSheet):
        assert read_sheet(name, data).rows


def test_each_row_is_an_item_with_its_number() -> None:
    sheet = read_sheet("a.csv", b"Text,Floor,Note\nlamp one,1,x\nlamp two,,y\n")

    assert [json.loads(each) for each in items_of(sheet, FORM).split(b"\n")] == [
        {"id": 1, "prompt": "lamp one on 1"},
        {"id": 2, "prompt": "lamp two on "},
    ]


def test_a_row_that_the_form_does_not_take_is_told_before_anything_is_begun() -> None:
    sheet = read_sheet("a.csv", b"text,floor\nlamp,1\ndoor,11\n")

    with pytest.raises(WrongInput) as caught:
        items_of(sheet, FORM)
    assert caught.value.row == 2


def test_a_csv_comes_back_as_csv_with_its_own_columns_first() -> None:
    sheet = read_sheet("a.csv", b"text,title\n=1+1,a\nb,\nc,d\n")
    outcomes = outcomes_of(
        [line(3, "no json"), line(1, {**ANSWER, "level": 4}), line(2, None, "refused")], FORM
    )

    assert cells(result_of(sheet, outcomes, FORM)) == [
        ["text", "title", "title 2", "urgent", "level", "error"],
        ["'=1+1", "a", "t", "true", "4", ""],
        ["b", "", "", "", "", "refused"],
        ["c", "d", "", "", "", "not as asked"],
    ]


def test_json_lines_come_back_as_json_lines() -> None:
    sheet = read_sheet("a.jsonl", b'{"text": "a"}\n{"text": "b"}\n')

    assert [
        json.loads(each) for each in result_of(sheet, outcomes_of([line(2)], FORM), FORM).splitlines()
    ] == [
        {"input": {"text": "a"}, "result": None, "error": "not done"},
        {"input": {"text": "b"}, "result": ANSWER, "error": ""},
    ]


@settings(deadline=None)
@given(st.integers(1, 60), st.randoms(use_true_random=False))
def test_whatever_the_order_of_an_export_each_answer_stands_beside_its_row(
    count: int, chance: random.Random
) -> None:
    sheet = Sheet("jsonl", ("text",), tuple({"text": str(at)} for at in range(count)))
    lines = [line(at + 1, {"title": str(at), "urgent": False}) for at in range(count)]
    chance.shuffle(lines)
    read = [json.loads(each) for each in result_of(sheet, outcomes_of(lines, FORM), FORM).splitlines()]

    assert all(each["input"]["text"] == each["result"]["title"] for each in read)


@settings(deadline=None)
@given(json_values, json_values)
def test_no_export_breaks_the_result(given_input: Any, output: Any) -> None:
    outcomes = outcomes_of(
        [Line(given_input, output, "finished"), Line(json.dumps(given_input), output)], FORM
    )

    assert result_of(read_sheet("a.csv", b"text\nlamp\n"), outcomes, FORM)
    assert TICKET["name"] == FORM.name
