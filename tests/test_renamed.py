"""Names that changed, of settings and of log events: the old ones go on working for one release."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest
import structlog
from typer.testing import CliRunner

from bots import logs
from bots.cli.main import cli
from bots.frontends import installed
from bots.setting_rules import renamed
from bots.setting_rules.errors import section_fields
from bots.setting_rules.reading import SettingsRefused
from bots.setting_rules.renamed import RENAMED_EVENTS, RENAMED_SETTINGS
from bots.settings import LogSettings, Settings, compose, load

TREE = Path(__file__).parent.parent
SETTINGS = {"limits.waiting": "limits.waiting_turns", "web.users": "operators.slack_users"}
EVENTS = {"turn.parked": "turn.held", "gate.parked": "turn.held"}


@pytest.fixture(autouse=True)
def _renamed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(renamed, "RENAMED_SETTINGS", SETTINGS)
    monkeypatch.setattr(renamed, "RENAMED_EVENTS", EVENTS)


def read(folder: Path, toml: str, environment: Mapping[str, str]) -> tuple[Settings, dict[str, str]]:
    """Load this file and this environment: the settings, and the old names among them."""
    path, old_names = folder / "given.toml", dict[str, str]()
    path.write_text(toml)
    return load(installed(), path=path, environment=environment, on_old_names=old_names.update), old_names


def refusals(folder: Path, toml: str, **environment: str) -> list[str]:
    """What the operator reads, a line for each problem."""
    with pytest.raises(SettingsRefused) as caught:
        read(folder, toml, environment)
    return str(caught.value).splitlines()


# Settings


def test_an_old_name_in_the_file_sets_what_is_now_called_otherwise(tmp_path: Path) -> None:
    settings, old_names = read(tmp_path, "[limits]\nwaiting = 7\n[web]\nusers = ['U1']\n", {})

    assert (settings.limits.waiting_turns, settings.operators.names) == (7, {"slack:U1"})
    assert old_names == {
        "[limits] waiting": "[limits] waiting_turns",
        "[web] users": "[operators] slack_users",
    }


@pytest.mark.parametrize("suffix", ["", "_FILE"])
def test_an_old_name_in_the_environment_does_so_too_and_wins_over_the_file(
    tmp_path: Path, suffix: str
) -> None:
    (tmp_path / "number").write_text("8\n")
    value = str(tmp_path / "number") if suffix else "8"

    settings, old_names = read(
        tmp_path, "[limits]\nwaiting_turns = 7", {f"AIVAX_BOTS__LIMITS__WAITING{suffix}": value}
    )

    assert settings.limits.waiting_turns == 8
    assert old_names == {f"AIVAX_BOTS__LIMITS__WAITING{suffix}": f"AIVAX_BOTS__LIMITS__WAITING_TURNS{suffix}"}


def test_a_new_name_in_the_environment_wins_over_an_old_one_in_the_file_which_is_told(tmp_path: Path) -> None:
    settings, old_names = read(tmp_path, "[limits]\nwaiting = 7", {"AIVAX_BOTS__LIMITS__WAITING_TURNS": "8"})

    assert settings.limits.waiting_turns == 8
    assert list(old_names) == ["[limits] waiting"]


def test_an_old_and_a_new_name_at_once_are_refused_and_both_are_told(tmp_path: Path) -> None:
    both = {"AIVAX_BOTS__LIMITS__WAITING": "7", "AIVAX_BOTS__LIMITS__WAITING_TURNS_FILE": "/run/number"}

    in_file = refusals(tmp_path, "[limits]\nwaiting = 7\nwaiting_turns = 8")
    in_environment = refusals(tmp_path, "", **both)

    assert in_file == [
        "[limits] waiting: this is now called [limits] waiting_turns, which is given, too: remove [limits] waiting"
    ]
    old, new = both
    assert f"{old}: this is now called {new}, which is given, too: remove {old}" in in_environment


@pytest.mark.parametrize(
    ("toml", "variable", "name"),
    [
        ("[limits]\nwaiting = 0", "", "[limits] waiting"),
        ("[limits]\nwaiting_turns = 0", "", "[limits] waiting_turns"),
        ("[limits]\nwaiting_turns = 7", "AIVAX_BOTS__LIMITS__WAITING", "AIVAX_BOTS__LIMITS__WAITING"),
        ("[limits]\nwaiting = 7", "AIVAX_BOTS__LIMITS__WAITING_TURNS", "[limits] waiting_turns"),
    ],
)
def test_a_bad_value_is_told_under_the_name_that_the_operator_wrote(
    tmp_path: Path, toml: str, variable: str, name: str
) -> None:
    (problem,) = refusals(tmp_path, toml, **({variable: "0"} if variable else {}))

    assert problem == f"{name} = '0': write 1 or more"


def test_a_bad_entry_of_a_list_is_told_under_the_name_that_the_operator_wrote(tmp_path: Path) -> None:
    (problem,) = refusals(tmp_path, "[web]\nusers = ['U1', 2]")
    (unfit,) = refusals(tmp_path, "", AIVAX_BOTS__WEB__USERS="u1")

    assert problem.startswith("[web] users, entry 2 = '2': ")
    assert unfit.startswith("AIVAX_BOTS__WEB__USERS = 'u1': ")


def test_a_section_that_is_none_stays_the_problem_that_it_is(tmp_path: Path) -> None:
    (problem,) = refusals(tmp_path, "limits = 3")

    assert problem.startswith("[limits]: write it as a section")


def test_one_line_of_the_log_tells_every_old_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "config.toml").write_text("[limits]\nwaiting = 7\n[log]\nformat = 'json'")

    ended = CliRunner().invoke(
        cli, ["replies", "preview", "--locale", "en"], env={"AIVAX_BOTS__WEB__USERS": "U1"}
    )

    (line,) = [json.loads(each) for each in ended.stderr.splitlines()]
    assert line["event"] == "settings.renamed"
    assert line["now_called"] == (
        "[limits] waiting is now [limits] waiting_turns; "
        "AIVAX_BOTS__WEB__USERS is now AIVAX_BOTS__OPERATORS__SLACK_USERS"
    )


def test_each_renamed_setting_names_one_of_today_and_stands_in_the_example_under_it_alone() -> None:
    model = compose(installed())
    example = (TREE / "config.example.toml").read_text(encoding="utf-8")

    for old, new in RENAMED_SETTINGS.items():
        section, key = new.split(".")
        assert key in (section_fields(model, section) or {}), new
        old_section, old_key = old.split(".")
        assert old_key not in (section_fields(model, old_section) or {}), old
        assert (
            old_key == key
            or f"#{old_key} = " not in example.partition(f"\n[{old_section}]\n")[2].partition("\n[")[0]
        ), old


# Log events


@pytest.mark.parametrize("form", ["text", "json"])
def test_a_line_of_a_renamed_event_carries_its_old_names(
    capsys: pytest.CaptureFixture[str], form: str
) -> None:
    logs.configure(LogSettings.model_validate({"format": form}))

    structlog.get_logger("core.turns").warning("turn.held", turn=1)
    structlog.get_logger("core.turns").warning("turn.answered", turn=1)

    held, answered = capsys.readouterr().err.splitlines()
    assert "turn.parked, gate.parked" in held
    assert "formerly" not in answered
    if form == "json":
        assert json.loads(held)["formerly"] == "turn.parked, gate.parked"


def test_each_renamed_event_is_logged_under_its_new_name_alone() -> None:
    code = "\n".join(
        path.read_text(encoding="utf-8")
        for top in ("bots", "core")
        for path in sorted((TREE / top).rglob("*.py"))
        if path.name != "renamed.py"
    )

    for old, new in RENAMED_EVENTS.items():
        assert f'"{new}"' in code, f"{new} is logged nowhere"
        assert f'"{old}"' not in code, f"{old} is still logged"
        assert new not in RENAMED_EVENTS, f"{new} is an old name itself"
