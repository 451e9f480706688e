"""Forms in the configuration: what could not work is refused before the start, by setting, value and fix."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bots.frontends import installed
from bots.setting_rules.reading import SettingsRefused
from bots.settings import load
from core.domain import SettingRefused
from core.forms.checks import check
from core.i18n import command_words
from core.settings import AivaxSettings
from tests.forms_samples import TICKET, form
from tests.scripted_aivax import UUID, settings

HEAD = '[[forms]]\nname = "ticket"\ndescription = "d"\nprompt = "{text}"\n'
RESULT = 'result = \'{"type": "object"}\'\n'
INPUT = '[[forms.inputs]]\nname = "text"\nhelp = "h"\n'


def problems(tmp_path: Path, text: str) -> list[tuple[str, str]]:
    path = tmp_path / "config.toml"
    path.write_text(text)
    with pytest.raises(SettingsRefused) as caught:
        load(installed(), path=path, environment={})
    return [(each.setting, each.fix) for each in caught.value.problems]


@pytest.mark.parametrize(
    ("text", "setting", "fix"),
    [
        (HEAD + INPUT, "[[forms]] entry 1, result", "this is missing"),
        (HEAD + "result = '{'\n" + INPUT, "[[forms]] entry 1, result", "this is no JSON"),
        (
            HEAD + 'result = \'{"type": "object", "oneOf": []}\'\n' + INPUT,
            "[[forms]] entry 1, result",
            "AIVAX does not obey 'oneOf'",
        ),
        (
            HEAD + 'result = \'{"type": "string"}\'\n' + INPUT,
            "[[forms]] entry 1, result",
            "an object or a list",
        ),
        (HEAD + "result = '[]'\n" + INPUT, "[[forms]] entry 1, result", "dictionary"),
        (HEAD + "promt = 1\n" + RESULT + INPUT, "[[forms]] entry 1, promt", "did you mean 'prompt'?"),
        (
            HEAD + RESULT + INPUT + "kin = 1\n",
            "[[forms]] entry 1, inputs, entry 1, kin",
            "did you mean 'kind'?",
        ),
        (HEAD + RESULT, "[[forms]] entry 1", "the prompt names {text}, which is no input"),
        (
            HEAD.replace("{text}", "hi") + RESULT + INPUT,
            "[[forms]] entry 1",
            "the prompt never names {text}",
        ),
        (HEAD + RESULT + INPUT + INPUT, "[[forms]] entry 1", "two inputs are named 'text'"),
        (
            HEAD + RESULT + INPUT + 'kind = "choice"\n',
            "[[forms]] entry 1, inputs, entry 1",
            "list what can be chosen",
        ),
        (
            HEAD + RESULT + INPUT + 'choices = ["a"]\n',
            "[[forms]] entry 1, inputs, entry 1",
            "choices are for kind",
        ),
        (
            HEAD + RESULT + INPUT + "least = 3\nmost = 2\n",
            "[[forms]] entry 1, inputs, entry 1",
            "least is more than most",
        ),
        (
            HEAD + RESULT + INPUT + f"kind = 'choice'\nchoices = {[str(n) for n in range(26)]}\n",
            "[[forms]] entry 1, inputs, entry 1",
            "25 at most",
        ),
        (
            HEAD + RESULT + INPUT.replace('"h"', f'"{"h" * 101}"'),
            "[[forms]] entry 1, inputs, entry 1, help",
            "at most 100",
        ),
        (HEAD.replace('"d"', '"{d}"') + RESULT + INPUT, "[[forms]] entry 1, description", "without { and }"),
        (HEAD.replace("ticket", "Ticket") + RESULT + INPUT, "[[forms]] entry 1, name", "can't stand there"),
        (HEAD + "max_attempts = 11\n" + RESULT + INPUT, "[[forms]] entry 1, max_attempts", "10 or less"),
        (
            HEAD.replace("{text}", "{file}") + RESULT + INPUT.replace('"text"', '"file"'),
            "[[forms]] entry 1",
            "give the input another name",
        ),
        ("forms = 1\n", "[[forms]]", "begin each form with a line [[forms]]"),
    ],
)
def test_a_form_that_can_t_work_is_refused_by_name(tmp_path: Path, text: str, setting: str, fix: str) -> None:
    found = problems(tmp_path, text)

    assert found[0][0].strip() == setting
    assert fix in found[0][1]


def test_more_than_platforms_take_of_one_command_is_refused(tmp_path: Path) -> None:
    choices = [f"{number:02}{'x' * 98}" for number in range(25)]
    inputs = "".join(
        f"[[forms.inputs]]\nname = 'i{at}'\nhelp = 'h'\nkind = 'choice'\nchoices = {choices}\n"
        for at in (1, 2)
    )
    found = problems(tmp_path, HEAD.replace("{text}", "{i1}{i2}") + RESULT + inputs)

    assert "of which platforms take 8000" in found[0][1]


def test_a_schema_may_be_a_table_and_the_environment_may_hold_all_forms(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text(HEAD + INPUT + "[forms.result]\ntype = 'object'\n")
    as_json = '[{"name": "other", "description": "d", "prompt": "p", "result": {"type": "array"}}]'
    read = load(installed(), path=path, environment={})
    laid = load(installed(), path=path, environment={"AIVAX_BOTS__FORMS": as_json})

    assert read.forms[0].result == {"type": "object"}
    assert [each.name for each in laid.forms] == ["other"]


@pytest.mark.parametrize(
    ("aivax", "changes", "setting", "fix"),
    [
        ({"api_key": "pk-aiv-abcdefgh", "model": UUID}, {}, "[[forms]] entry 1", "public key"),
        ({"api_key": "x", "base_url": "http://localhost:1/v1"}, {}, "[[forms]] entry 1", "only AIVAX"),
        ({}, {"name": "help"}, "[[forms]] entry 1, name", "means something else"),
        ({}, {"name": "ajuda"}, "[[forms]] entry 1, name", "means something else"),
        ({}, {"name": "ask"}, "[[forms]] entry 1, name", "means something else"),
    ],
)
def test_forms_that_no_server_would_take_or_no_person_could_reach_are_refused(
    aivax: dict[str, Any], changes: dict[str, Any], setting: str, fix: str
) -> None:
    with pytest.raises(SettingRefused) as caught:
        check([form(**changes)], settings(**aivax), taken=command_words())

    assert caught.value.setting == setting
    assert fix in caught.value.fix


def test_two_forms_of_one_name_are_refused() -> None:
    with pytest.raises(SettingRefused, match="another form has that name") as caught:
        check([form(), form()], AivaxSettings(api_key="sk-aiv-acc-1", model="m"))  # type: ignore[arg-type]

    assert caught.value.setting == "[[forms]] entry 2, name"


def test_a_form_that_works_is_taken() -> None:
    check([form(), form(name="other", model="name:50c3")], settings(), taken=command_words())
    assert TICKET["name"] not in command_words()
