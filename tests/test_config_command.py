"""`aivax-bots config`: what the configuration comes to, and every problem of it at once."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from bots.cli.main import cli
from tests.programs import PROJECT

GOOD = """
[aivax]
api_key = "sk-aiv-acc-very-secret"
model = "support:50c3"
[slack]
bot_token = "xoxb-1-very-secret"
app_token = "xapp-1-very-secret"
"""


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def config(command: str, text: str = GOOD, **variables: str) -> Any:
    Path("config.toml").write_text(text)
    environment: Mapping[str, str | None] = {"AIVAX_BOTS_CONFIG": None, **variables}
    return CliRunner().invoke(cli, ["config", *command.split()], env=environment)


def shown(*options: str, text: str = GOOD, **variables: str) -> dict[str, dict[str, Any]]:
    told = json.loads(config(" ".join(["show", "--json", *options]), text, **variables).stdout)
    return {each["setting"]: each for each in told["settings"]}


def problems(text: str, **variables: str) -> list[dict[str, str]]:
    ended = config("check --json", text, **variables)
    told: list[dict[str, str]] = json.loads(ended.stdout)["problems"]
    assert ended.exit_code == (2 if told else 0)
    return told


def test_each_value_is_shown_with_where_it_comes_from() -> None:
    Path("key").write_text("sk-aiv-acc-from-a-file\n")
    found = shown(
        AIVAX_BOTS__AIVAX__MODEL="other:50c3",
        AIVAX_BOTS__AIVAX__API_KEY_FILE="key",
        AIVAX_BOTS__LIMITS__PATIENCE_S="3",
        text=GOOD + '[conversation]\nidle_reset = 2\n[[routes]]\nplatform = "slack"\nmodel = "sales:50c3"\n',
    )

    def of(setting: str) -> tuple[Any, str, str]:
        return found[setting]["value"], found[setting]["source"], found[setting]["where"]

    assert of("[aivax] model") == ("other:50c3", "environment", "AIVAX_BOTS__AIVAX__MODEL")
    assert of("[aivax] api_key") == ("[secret]", "environment", "AIVAX_BOTS__AIVAX__API_KEY_FILE")
    assert of("[slack] bot_token") == ("[secret]", "file", "config.toml")
    assert of("[slack] signing_secret") == ("", "default", "")
    assert of("[conversation] idle_reset_hours") == (2.0, "file", "config.toml")
    assert of("[limits] silent_wait_s")[:2] == (3.0, "environment")
    assert found["[[routes]]"]["value"][0]["model"] == "sales:50c3"
    assert found["[[routes]]"]["source"] == "file"


def test_every_setting_of_the_example_is_shown() -> None:
    text = (PROJECT / "config.example.toml").read_text()
    sections = {line.strip("[]\n") for line in text.splitlines() if line.startswith("[") and "." not in line}

    assert sections <= {each.strip("[]").partition("]")[0] for each in shown()}


def test_no_secret_is_shown_in_any_form() -> None:
    url = "postgresql+psycopg://bot:very-secret@db.example/bots"
    for command in ("show", "show --json", "show --changed"):
        ended = config(command, GOOD, AIVAX_BOTS__STORAGE__URL=url)

        assert ended.exit_code == 0
        assert "very-secret" not in ended.output
        assert "db.example/bots" in ended.output


def test_what_is_changed_is_shown_alone() -> None:
    assert sorted(shown("--changed")) == [
        *("[aivax] api_key", "[aivax] model", "[slack] app_token", "[slack] bot_token"),
    ]


def test_a_good_file_passes_and_nothing_is_started() -> None:
    ended = config("check")

    assert (ended.exit_code, ended.stdout) == (0, "config.toml: no problem found\n")
    assert [each.name for each in Path().iterdir()] == ["config.toml"]


def test_every_problem_is_told_at_once_with_setting_value_and_fix() -> None:
    wrong = GOOD + "[limits]\nrunning_turns = 0\nno_such = 1\n[log]\nlevel = 'loud'\n"

    told = problems(wrong, AIVAX_BOTS__WEB__PORT="x")

    assert {(each["setting"], each["value"]) for each in told} == {
        ("[limits] running_turns", "0"),
        ("[limits] no_such", ""),
        ("[log] level", "loud"),
        ("[web] port", "x"),
    }
    assert all(each["fix"] for each in told)


def test_settings_that_are_wrong_together_are_told_at_once() -> None:
    wrong = """
[aivax]
api_key = "pk-aiv-public"
model = "support:50c3"
[limits]
fallback_at_cap = true
[batch]
enabled = true
[account]
enabled = true
[media]
draw = true
[[routes]]
platform = "slack"
model = "sales:50c3"
"""
    told = problems(wrong)

    assert [each["setting"] for each in told] == [
        "no frontend is configured",
        "[limits] fallback_at_cap",
        "[account] enabled",
        "[aivax] model",
        "[[routes]] model",
        "[[routes]] model",
        "[media] image_model",
        "[batch] enabled",
    ]


@pytest.mark.parametrize(
    ("text", "fix"),
    [("[aivax", "this is not valid TOML"), ("[aivax]\nmodel = ''", "name the gateway that answers")],
)
def test_a_file_that_can_t_be_used_is_told_why(text: str, fix: str) -> None:
    assert any(fix in each["fix"] for each in problems(text))


def test_a_file_that_is_not_there_is_named() -> None:
    ended = config("check --config elsewhere.toml")

    assert ended.exit_code == 2
    assert "elsewhere.toml: the file can't be read" in ended.stdout
