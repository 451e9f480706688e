"""What prints reads its own sections alone, and tells of what is wrong in them as every command does."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from bots import PROBLEM
from bots.cli.main import cli
from bots.setting_rules.reading import SECTIONS
from bots.settings import Settings

PREVIEW = ("replies", "preview", "--locale", "en")
MANIFEST = ("slack", "manifest")


def ran(words: tuple[str, ...], folder: Path, config: str, **variables: str) -> Result:
    """What a command says in an environment without other settings of ours."""
    path = folder / "config.toml"
    path.write_text(config)
    environment: Mapping[str, str | None] = {"AIVAX_BOTS_CONFIG": None, **variables}
    return CliRunner().invoke(cli, [*words, "--config", str(path)], env=environment)


def test_the_sections_that_are_passed_over_are_those_that_there_are() -> None:
    assert set(Settings.model_fields) == SECTIONS


@pytest.mark.parametrize("words", [PREVIEW, MANIFEST])
def test_what_is_wrong_in_another_section_keeps_nothing_from_being_printed(
    words: tuple[str, ...], tmp_path: Path
) -> None:
    variables = {"AIVAX_BOTS__LIMITS__RUNNING_TURNS": "many", "AIVAX_BOTS__DISCORD__TOKENS": "x"}

    result = ran(words, tmp_path, "[web]\nport = -1\n[discord]\nno_such_key = 1\n", **variables)

    assert (result.exit_code, result.stderr) == (0, "")


@pytest.mark.parametrize(
    ("words", "config", "variables", "told"),
    [
        (PREVIEW, '[replies]\nlocale = "tlh"\n', {}, "[replies] locale = 'tlh': write one of en, es, pt_BR"),
        (
            PREVIEW,
            "[replis]\nfooter = true\n",
            {},
            "[replis]: there is no such section; did you mean 'replies'?",
        ),
        (
            PREVIEW,
            "[replies]\nfoter = true\n",
            {},
            "[replies] foter: there is no such key; did you mean 'footer'?",
        ),
        (
            PREVIEW,
            "",
            {"AIVAX_BOTS__REPLIES__FOOTER": "perhaps"},
            "[replies] footer = 'perhaps': write true or false",
        ),
        (
            PREVIEW,
            "",
            {"AIVAX_BOTS__REPLIS__FOOTER": "true"},
            "AIVAX_BOTS__REPLIS__FOOTER: there is no section [replis]; did you mean 'replies'?",
        ),
        (MANIFEST, '[slack]\nmode = "post"\n', {}, "[slack] mode = 'post': write 'socket' or 'http'"),
        (
            MANIFEST,
            '[slack]\nmode = "http"\n',
            {},
            "[slack] public_url: set it to the https:// address at which Slack reaches this bot",
        ),
        (MANIFEST, "[slack", {}, "this is not valid TOML"),
    ],
)
def test_what_is_wrong_in_its_own_is_told_with_setting_value_and_fix(
    words: tuple[str, ...], config: str, variables: dict[str, str], told: str, tmp_path: Path
) -> None:
    result = ran(words, tmp_path, config, **variables)

    assert result.exit_code == PROBLEM
    assert told in result.stderr


def test_what_is_wrong_in_its_own_is_told_with_all_that_is_wrong(tmp_path: Path) -> None:
    result = ran(PREVIEW, tmp_path, '[replies]\nlocale = "tlh"\n[web]\nport = -1\n')

    assert "[replies] locale" in result.stderr
    assert "[web] port" in result.stderr


def test_an_old_name_is_told_whichever_section_it_stands_in(tmp_path: Path) -> None:
    result = ran(PREVIEW, tmp_path, "[limits]\nopening_s = 1\n")

    assert result.exit_code == 0
    assert "[limits] opening_s is now [limits] slow_start_interval_s" in result.stderr


def test_the_environment_is_laid_over_the_file(tmp_path: Path) -> None:
    config = '[replies]\nlocale = "es"\n[slack]\ncommand = "/ask"\n'

    result = ran(MANIFEST, tmp_path, config, AIVAX_BOTS__SLACK__COMMAND="/say")

    assert '"command": "/say"' in result.stdout
    assert '"description": "Hacer una pregunta"' in result.stdout
