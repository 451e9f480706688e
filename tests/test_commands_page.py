"""docs/cli.md tells every command and every option, as `--help` does."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping

import pytest
from typer.testing import CliRunner

from bots.cli.main import cli
from tests.programs import PROJECT

sys.path.append(str(PROJECT / "docs"))

import commands_page

OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]*")
COMMANDS = [name for name, _ in commands_page.commands()]


@pytest.fixture(scope="module")
def sections() -> Mapping[str, str]:
    """What the page says of each command."""
    parts = re.split(
        r"^##+ `(aivax-bots[^`]*)`$", commands_page.PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE
    )
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def test_the_page_is_as_it_would_be_written_now() -> None:
    page = commands_page.PAGE.read_text(encoding="utf-8")

    assert page == commands_page.whole(page), "run `make commands`"


def test_the_page_has_every_command_and_no_other(sections: Mapping[str, str]) -> None:
    assert sorted(sections) == sorted(COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_is_told_with_the_options_of_its_help(sections: Mapping[str, str], name: str) -> None:
    told = CliRunner().invoke(cli, [*name.split()[1:], "--help"], env={"COLUMNS": "200"})
    options = told.stdout.partition("Options:")[2].partition("Examples:")[0]
    offered = {match for line in options.splitlines() for match in OPTION.findall(line[:40])}

    assert told.exit_code == 0
    table = "\n".join(line for line in sections[name].splitlines() if line.startswith("| `"))
    assert set(OPTION.findall(table)) == offered - commands_page.OF_EVERY_COMMAND


@pytest.mark.parametrize("name", COMMANDS)
def test_the_examples_of_a_command_name_commands_and_options_that_there_are(
    sections: Mapping[str, str], name: str
) -> None:
    for example in re.findall(r"^aivax-bots .*$", sections[name].partition("```sh")[2], flags=re.MULTILINE):
        for used in re.findall(r"aivax-bots ((?:[a-z]+ ?)+)", example):
            words = used.split()
            assert any(f"aivax-bots {' '.join(words[:most])}" in COMMANDS for most in (1, 2)), example
        of_command = OPTION.findall(example.partition("|")[0].partition("&&")[0])
        assert all(
            f"`{each}" in "".join(sections.values()) or each in commands_page.OF_EVERY_COMMAND
            for each in of_command
        )
