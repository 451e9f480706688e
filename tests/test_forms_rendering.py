"""An answer that fits as people see it: fields, tables, JSON; and as a file that no spreadsheet obeys."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from core.forms.files import csv_bytes, file_of
from core.forms.rendering import MOST_ROWS, shown
from core.i18n import Translators
from core.markdown.literal import code, code_block, literal
from tests.forms_samples import LIST, TICKET, json_values, schemas

EN = Translators().of("en")
ROWS = LIST["result"]
MARKDOWN = MarkdownIt("commonmark").enable("table")


def page(value: Any, schema: dict[str, Any]) -> str:
    return shown(value, schema, EN).markdown


def test_an_object_is_a_line_for_each_field_in_the_order_of_the_form() -> None:
    value = {"level": 4, "urgent": True, "title": "Lamp *broken*", "added by the model": "x"}

    assert page(value, TICKET["result"]) == (
        "- **What is wrong**: Lamp \\*broken\\*\n- **urgent**: yes\n- **level**: 4"
    )


def test_a_list_of_objects_is_a_table_with_numbers_to_the_right() -> None:
    value = [{"name": "a|b", "count": 2}, {"name": "line\nbreak", "count": 10, "more": 1}]

    assert page(value, ROWS) == "\n".join(
        ["| name | count |", "| --- | ---: |", "| a\\|b | 2 |", "| line break | 10 |"]
    )


def test_an_object_around_a_table_is_fields_and_then_the_table() -> None:
    schema = {
        "type": "object",
        "properties": {"parts": ROWS, "sum": {"type": "integer"}, "tags": {"type": "array"}},
    }
    value = {"parts": [{"name": "wheel", "count": 4}], "sum": 4, "tags": ["a", "b_c"]}

    assert page(value, schema).split("\n\n") == [
        "- **sum**: 4\n- **tags**: a, b\\_c",
        "**parts**",
        "| name | count |\n| --- | ---: |\n| wheel | 4 |",
    ]


def test_what_is_nested_deeper_is_json_that_nothing_in_it_can_leave() -> None:
    value = {"deep": {"text": "```\n**out**"}}
    written = page(value, {"type": "object", "properties": {"deep": {"type": "object"}}})

    assert written.startswith("**deep**\n\n````json\n")
    assert written.endswith("\n````")


def test_a_table_that_is_too_long_is_cut_and_says_so() -> None:
    rows = [{"name": f"part {number}", "count": number} for number in range(120)]
    cut = shown(rows, ROWS, EN)

    assert cut.is_cut
    assert cut.markdown.count("\n|") == MOST_ROWS + 1
    assert "not shown here: 70. The file has all" in cut.markdown
    assert not shown(rows[:MOST_ROWS], ROWS, EN).is_cut


def test_a_text_that_is_too_long_for_its_cell_is_cut() -> None:
    assert shown([{"name": "x" * 1_000, "count": 1}], ROWS, EN).is_cut


def test_nothing_is_shown_as_nothing() -> None:
    schema = {"type": "object", "properties": {"a": {"type": "null"}, "b": {"type": "array"}, "c": {}}}

    assert page({"a": None, "b": [], "c": ""}, schema) == "- **a**: -\n- **b**: -\n- **c**: -"
    assert page([], ROWS) == "-"


@settings(deadline=None)
@given(json_values, schemas)
def test_no_answer_breaks_the_page(value: Any, schema: dict[str, Any]) -> None:
    assert len(page(value, schema)) < 1_000_000


signs = st.text("ab \\`*_{}[]()<>|~#-+.!&\n1")


@settings(deadline=None)
@given(signs)
def test_escaped_words_show_as_they_are(text: str) -> None:
    line = " ".join(text.split())
    (inline,) = MARKDOWN.parseInline(f"a {literal(line)}.")

    assert {token.type for token in inline.children or []} <= {"text", "text_special"}
    assert "".join(token.content for token in inline.children or []) == f"a {line}."


@settings(deadline=None)
@given(signs)
def test_words_in_code_show_as_they_are(text: str) -> None:
    (inline,) = MARKDOWN.parseInline(code(text))

    assert [token.type for token in inline.children or []] == ["code_inline"]


@settings(deadline=None)
@given(signs)
def test_a_code_block_holds_all_of_its_text(text: str) -> None:
    (block,) = MARKDOWN.parse(code_block(text, "json"))

    assert block.content == f"{text}\n"


# Files


def test_a_table_is_csv_that_every_spreadsheet_reads() -> None:
    made = file_of(
        "parts", [{"name": 'a "b", c', "count": 2}, {"name": "é\nf", "count": -3}], ROWS, kind="csv"
    )

    assert (made.name, made.media_type) == ("parts.csv", "text/csv")
    assert made.data.startswith(b"\xef\xbb\xbf")
    assert list(csv.reader(io.StringIO(made.data.decode("utf-8-sig"), newline=""))) == [
        ["name", "count"],
        ['a "b", c', "2"],
        ["é\nf", "-3"],
    ]


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])
def test_no_cell_is_a_formula(text: str) -> None:
    cells = next(csv.reader(io.StringIO(csv_bytes([text], [[text]]).decode("utf-8-sig"), newline="")))

    assert cells == [f"'{text}"]


@settings(deadline=None)
@given(st.lists(st.lists(json_values, min_size=2, max_size=2)))
def test_no_value_is_a_formula_or_gets_lost(rows: list[list[Any]]) -> None:
    read = list(csv.reader(io.StringIO(csv_bytes(["a", "b"], rows).decode("utf-8-sig"), newline="")))

    assert len(read) == len(rows) + 1
    for written, row in zip(read[1:], rows, strict=True):
        for cell, value in zip(written, row, strict=True):
            is_number = isinstance(value, int | float) and not isinstance(value, bool)
            assert is_number or not cell.startswith(("=", "+", "-", "@", "\t", "\r"))
            assert not isinstance(value, str) or cell.removeprefix("'") == value.removeprefix("'")


def test_what_is_no_table_is_json_whatever_was_wanted() -> None:
    made = file_of("ticket", {"title": "é"}, TICKET["result"], kind="csv")

    assert (made.name, made.media_type) == ("ticket.json", "application/json")
    assert json.loads(made.data) == {"title": "é"}


def test_the_only_table_in_an_object_is_the_file() -> None:
    schema = {"type": "object", "properties": {"parts": ROWS, "sum": {"type": "integer"}}}
    made = file_of("parts", {"parts": [{"name": "wheel", "count": 4}], "sum": 4}, schema, kind="")

    assert made.data.decode("utf-8-sig") == "name,count\r\nwheel,4\r\n"
    assert json.loads(file_of("p", {"parts": []}, schema, kind="json").data) == {"parts": []}
