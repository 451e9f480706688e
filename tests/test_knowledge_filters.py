"""The boundary between tenants: which filters are taken, and that no value can move it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import ValidationError

from bots.frontends import installed
from bots.setting_rules.reading import SettingsRefused
from bots.settings import load
from core.knowledge.filter_tokens import FilterWrong, quoted
from core.knowledge.filters import parsed
from core.knowledge.settings import KnowledgePlace
from sandbox.knowledge.filter_values import Facts, plain
from sandbox.knowledge.filters import filter_of
from sandbox.refusals import Refusal

NOW = datetime(2026, 11, 29, tzinfo=UTC)
TAKEN = [
    'tags has "finance" and createdAt >= now-30d',
    'name startswith "contract-"',
    "metadata.pages > 10",
    'not tags has "draft"',
    '(tags has "finance" or tags has "legal") and updatedAt >= "2026-01-01"',
    "name = 'it\\'s'",
    'metadata."file-path" startswith "/contracts/2026/"',
    'metadata."a.b" = 1',
    'metadata.year in (2026, "2026")',
    'METADATA.lang EXISTS AND metadata.lang != "en"',
    'updatedAt < "2026-09-01T00:00:00-03:00"',
    "createdAt >= now - 12h and createdAt < now",
    "metadata.public = true or metadata.reviewer != null",
    'name = "\\u00e9"',
]
REFUSED = [
    ("", "there is no field"),
    ('author = "x"', "there is no field 'author'"),
    ('name == "x"', "a value is missing"),
    ('tags = "x"', "does not fit tags"),
    ('name > "a"', "does not fit name"),
    ('lower(name) = "x"', "there is no field 'lower'"),
    ('metadata.price > "100"', "needs a number"),
    ('createdAt >= "15/06/2025"', "a date is missing"),
    ('content contains "ai"', "needs 3 characters"),
    ('metadata = "x"', "metadata needs 1 to 8 keys"),
    ('name = "x', "can't stand there"),
    ('name = "x" name = "y"', "can't stand there"),
    ('(name = "x"', "')' is missing"),
    ("name in ()", "a value is missing"),
    ('name = "\\q"', "no escape"),
    (f'name = "{"x" * 257}"', "more than 256"),
    ("(" * 9 + 'name = "x"' + ")" * 9, "nested deeper than 8"),
    (" and ".join(['name = "x"'] * 33), "more than 32 conditions"),
    (f"name = {' ' * 2_048}", "more than 2048 characters"),
    ("metadata.workspace = {tenant}", "there is no placeholder {tenant}"),
    ('metadata.workspace = "{workspace}"', "write {workspace} without quotes"),
    ("metadata.workspace contains {workspace}", "may only stand behind"),
    ("metadata.workspace startswith {workspace}", "may only stand behind"),
    ("createdAt > {workspace}", "a date is missing"),
    ("{workspace} = {channel}", "there is no field"),
]
PIECES = [
    *("(", ")", "=", "<", ">", ",", ".", "!=", "and", "or", "not", "has", "in", "exists", "contains"),
    *("name", "tags", "metadata", "metadata.a", "createdAt", '"x y z"', "1", "null", "now", "now-3d"),
]
TEMPLATES = [
    "metadata.workspace = {workspace}",
    "tags has {workspace} and metadata.workspace in ({workspace})",
    "(metadata.workspace = {workspace} or not metadata.workspace exists) and metadata.workspace = {workspace}",
]
OPERATIVE = st.text(st.sampled_from("\"'\\(){}=!<>, .\n\r\t\0\u2028ornt axTé"), min_size=1, max_size=40)
VALUES = st.one_of(st.text(min_size=1, max_size=256), OPERATIVE).filter(str.strip)


def facts(workspace: str) -> Facts:
    return Facts("x", "x", (workspace,), NOW, NOW, {"workspace": workspace})


@pytest.mark.parametrize("text", TAKEN)
def test_what_aivax_takes_is_taken(text: str) -> None:
    filter_of(text, NOW)

    assert parsed(text).filled({}) == text


@pytest.mark.parametrize(("text", "problem"), REFUSED)
def test_what_aivax_would_refuse_is_refused_before_the_start(text: str, problem: str) -> None:
    if "{" not in text:
        with pytest.raises(Refusal):
            filter_of(text, NOW)

    with pytest.raises(FilterWrong) as raised:
        parsed(text)
    assert problem in str(raised.value)


@given(st.one_of(st.text(max_size=80), st.lists(st.sampled_from(PIECES), max_size=14).map(" ".join)))
@example('name="a"and name="b"')
def test_what_is_taken_here_aivax_takes(text: str) -> None:
    if "{" in text:
        return
    try:
        parsed(text)
    except FilterWrong:
        return

    filter_of(text, NOW)


@pytest.mark.parametrize("template", TEMPLATES)
@given(mine=VALUES, other=VALUES)
@example(mine='T1" or metadata.workspace != "', other="T2")
@example(mine="T1\\", other='T2" or "')
@example(mine="} or {workspace", other="T2")
@example(mine="T1\n", other="T2")
def test_no_value_lets_anybody_see_more_than_is_theirs(template: str, mine: str, other: str) -> None:
    lets_through = filter_of(parsed(template).filled({"workspace": mine}), NOW)

    same = plain(mine).rstrip() == plain(other).rstrip()
    if not same:
        assert not lets_through(facts(other))


@given(VALUES)
def test_a_value_is_read_as_what_it_is(value: str) -> None:
    value = value.encode("utf-16", "replace").decode("utf-16")

    assert filter_of(f"metadata.workspace = {quoted(value)}", NOW)(facts(value))
    assert filter_of(f"tags has {quoted(value)}", NOW)(facts(value))


@pytest.mark.parametrize("value", ["", " ", "x" * 257])
def test_a_value_that_can_not_be_said_stops_the_search(value: str) -> None:
    with pytest.raises(ValueError, match="1 to 256"):
        parsed(TEMPLATES[0]).filled({"workspace": value})


def test_a_filter_that_its_values_make_too_long_stops_the_search() -> None:
    long = parsed(" and ".join(["metadata.workspace = {workspace}"] * 20))
    with pytest.raises(ValueError, match="at most 2048"):
        long.filled({"workspace": "x" * 200})


@pytest.mark.parametrize(
    ("text", "metadata", "contradicted"),
    [
        ("metadata.workspace = {workspace}", {"workspace": "T1"}, False),
        ("metadata.workspace = {workspace}", {"workspace": "t1 "}, False),
        ("metadata.workspace = {workspace}", {"workspace": "T2"}, True),
        ("metadata.workspace = {workspace}", {"workspace": 1}, True),
        ("metadata.workspace = {workspace}", {}, False),
        ('tags has "x" and (metadata.a.b = "c")', {"a": {"b": "d"}}, True),
        ("metadata.workspace = {workspace} or metadata.public = true", {"workspace": "T2"}, False),
        ("not metadata.workspace = {workspace}", {"workspace": "T2"}, False),
        ("metadata.workspace != {workspace}", {"workspace": "T2"}, False),
    ],
)
def test_what_stands_beyond_the_boundary_is_known_by_its_metadata(
    text: str, metadata: dict[str, object], contradicted: bool
) -> None:
    assert parsed(text).is_contradicted(metadata, {"workspace": "T1"}) is contradicted


@given(st.sampled_from([*TAKEN, 'metadata.workspace = "T1"', 'metadata.lang = "é"']), VALUES)
def test_no_document_that_the_filter_lets_through_is_taken_for_another_s(text: str, value: str) -> None:
    document = facts(value)
    if filter_of(text, NOW)(document):
        assert not parsed(text).is_contradicted(document.metadata, {})


def test_a_wrong_filter_is_refused_by_name_and_place() -> None:
    with pytest.raises(ValidationError, match=r"there is no field 'workspace'.*\(at 0\)"):
        KnowledgePlace(collections=("c1",), filter='workspace = "T1"')


def test_a_filter_that_can_not_work_keeps_the_bot_from_starting(tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text(
        "[[knowledge.places]]\ncollections = ['c1']\nfilter = 'metadata.workspace contains {workspace}'\n"
    )

    with pytest.raises(SettingsRefused) as raised:
        load(installed(), path=config, environment={})

    assert "[knowledge] places, entry 1, filter = 'metadata.workspace contains {workspace}'" in str(
        raised.value
    )
    assert "{workspace} may only stand behind =, !=, in or has (at 28)" in str(raised.value)


def test_places_can_be_given_by_the_environment_as_json() -> None:
    places = '[{"collections": ["c1"], "filter": "metadata.workspace = {workspace}"}]'

    settings = load(installed(), path=None, environment={"AIVAX_BOTS__KNOWLEDGE__PLACES": places})

    assert settings.knowledge.places[0].filter == "metadata.workspace = {workspace}"
