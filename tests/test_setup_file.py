"""What `init` writes: the change that was asked for, in a file that is otherwise as it was; and what it reads."""

from __future__ import annotations

import shutil
import tomllib
from pathlib import Path

import pytest

from bots.setup.answers import FromFile, read_answers
from bots.setup.config_file import ConfigFile
from core.domain import SettingRefused
from tests.programs import PROJECT

EXAMPLE = PROJECT / "config.example.toml"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[slack]\n",
        "[slack] # mine\n\n[web]\nport = 1\n",
        "[slack] # mine\nmode = 'http'  # why\n",
        "slack.mode = 'http'\n",
        "slack = {mode = 'http'}\n",
    ],
)
def test_a_change_is_in_the_file_and_nothing_else_is(tmp_path: Path, text: str) -> None:
    path = tmp_path / "config.toml"
    path.write_text(text)
    file = ConfigFile(path)

    file.write({("slack", "mode"): "socket", ("aivax", "model"): 'a "b"\\c'}, {})

    assert tomllib.loads(path.read_text()) == {
        **tomllib.loads(text),
        "slack": {"mode": "socket"},
        "aivax": {"model": 'a "b"\\c'},
    }
    assert ("# mine" in path.read_text(), "# why" in path.read_text()) == ("# mine" in text, "# why" in text)


def test_a_file_that_somebody_changed_meanwhile_stays_theirs(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    shutil.copy(EXAMPLE, path)
    file = ConfigFile(path)
    path.write_text("theirs = 1\n")

    with pytest.raises(SettingRefused, match="meanwhile"):
        file.write({("aivax", "model"): "x"}, {})
    assert path.read_text() == "theirs = 1\n"


def test_answers_are_words(tmp_path: Path) -> None:
    path = tmp_path / "answers.toml"
    path.write_text("[slack]\nbot_token = 1\n")

    with pytest.raises(SettingRefused, match="quotes"):
        read_answers(path)
    with pytest.raises(SettingRefused, match="no such question"):
        FromFile(path, {"slack.x": ""}).check_names(["slack.mode"])
