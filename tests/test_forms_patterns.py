"""Regular expressions of operators: what takes others for ever takes no time here, and what can't be run is refused."""

from __future__ import annotations

import pytest

from core.forms.patterns import is_readable, matches
from core.forms.schema import problems_of
from core.forms.validation import faults_of
from tests.processor_time import cost_s

SLOW = ["(a+)+$", "(a|aa)+$", "(.*a){20}$", r"^(\w+\s?)*$"]


@pytest.mark.parametrize("pattern", SLOW)
def test_no_expression_takes_long(pattern: str) -> None:
    def faults() -> object:
        return faults_of("a" * 5_000 + "!", {"type": "string", "pattern": pattern})

    assert faults()
    assert cost_s(faults, enough_s=2.0) < 2.0


@pytest.mark.parametrize(
    ("pattern", "text", "fits"),
    [
        ("b", "abc", True),
        ("^b", "abc", False),
        (r"^\d{2}$", "42", True),
        ("^é+$", "éé", True),
        ("", "", True),
    ],
)
def test_any_part_of_the_text_may_fit(pattern: str, text: str, fits: bool) -> None:
    assert matches(pattern, text) is fits


@pytest.mark.parametrize("pattern", ["(?=a)", r"(a)\1", "(?<!a)b", "(", "(((a{1000}){1000}){1000})", 3])
def test_what_it_can_not_run_is_refused_by_its_place(pattern: object) -> None:
    schema = {"type": "object", "properties": {"code": {"type": "string", "pattern": pattern}}}

    assert not is_readable(pattern)
    assert next(problems_of(schema)).startswith(
        "at code: pattern must be a regular expression without look-around"
    )
