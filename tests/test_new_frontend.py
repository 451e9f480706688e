"""`aivax-bots new-frontend`: what it writes can be built, installed and run, and passes the contract suites."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bots import PROBLEM
from bots.cli.main import cli
from tests.programs import PROJECT

Package = tuple[Path, Path]
RULES = ("--isolated", "--line-length", "110", "--no-cache")


def new_frontend(name: str, folder: Path) -> tuple[int, str]:
    """The exit status and all that was said."""
    ended = CliRunner().invoke(cli, ["new-frontend", name, "--in", str(folder)])
    return ended.exit_code, ended.output


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Package:
    """A new package, and the folder that it was installed into: with nothing fetched, and nothing built beside it."""
    folder, site = tmp_path_factory.mktemp("new"), tmp_path_factory.mktemp("site")
    assert new_frontend("raven", folder)[0] == 0
    target = folder / "aivax-bots-raven"
    offline = ("--no-index", "--no-build-isolation", "--no-deps", "--disable-pip-version-check")
    install = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "--quiet",
        *offline,
        "--target",
        str(site),
        str(target),
    ]
    subprocess.run(install, check=True, capture_output=True, timeout=120)
    return target, site


def run(package: Package, *arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Python in an environment that has the package and aivax-bots."""
    target, site = package
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=cwd or target,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": f"{site}{os.pathsep}{PROJECT}", "PYTHONUTF8": "1"},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


@pytest.mark.long
def test_it_passes_the_suites_with_warnings_as_errors(package: Package) -> None:
    (package[0] / "aivax_bots_raven").rename(package[0] / "aside")  # what is installed is what is tested
    ended = run(package, "-m", "pytest", "-q", "-W", "error", "-p", "no:cacheprovider")
    (package[0] / "aside").rename(package[0] / "aivax_bots_raven")

    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert re.search(r"^\d\d passed, \d skipped", ended.stdout, flags=re.MULTILINE)
    assert "lacks buttons: Raven has none" in ended.stdout


def test_the_program_knows_its_section_and_its_command(package: Package, tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text("[raven]\ntokn = 'x'\n")
    checked = run(package, "-m", "bots", "config", "check", cwd=tmp_path)
    helped = run(package, "-m", "bots", "--help", cwd=tmp_path)

    assert checked.returncode == PROBLEM
    assert "[raven] tokn" in checked.stdout + checked.stderr
    assert "Setting raven up." in helped.stdout


def test_to_know_its_plugin_imports_nothing_that_works(package: Package) -> None:
    code = "import sys; import aivax_bots_raven.plugin; print({'asyncio', 'core.domain', 'pydantic'} & {*sys.modules})"

    assert run(package, "-c", code).stdout == "set()\n"


def test_what_was_written_is_formatted_and_named_after_the_platform(package: Package) -> None:
    target, _ = package
    checked = run(package, "-m", "ruff", "check", *RULES, "--select", "I,E,F,B,UP,SIM", ".")
    formatted = run(package, "-m", "ruff", "format", *RULES, "--check", ".")
    written = [
        each for each in target.rglob("*") if each.is_file() and each.suffix in (".py", ".md", ".toml")
    ]

    assert checked.returncode == 0, checked.stdout
    assert formatted.returncode == 0, formatted.stdout
    assert [each for each in written if "pigeon" in each.read_text(encoding="utf-8").lower()] == []


def test_what_is_there_is_never_written_over(tmp_path: Path) -> None:
    mine = tmp_path / "aivax-bots-raven" / "README.md"
    mine.parent.mkdir()
    mine.write_text("mine")
    status, said = new_frontend("raven", tmp_path)

    assert status == PROBLEM
    assert "is there already" in said
    assert [each.name for each in mine.parent.iterdir()] == ["README.md"]
    assert mine.read_text() == "mine"


@pytest.mark.parametrize(
    ("name", "fix"),
    [
        ("Raven", "small letters"),
        ("../raven", "small letters"),
        ("raven\n", "small letters"),
        ("r", "2 to 20"),
        ("r" * 21, "2 to 20"),
        ("class", "Python"),
        ("slack", "is called so"),
        ("console", "is called so"),
        ("storage", "is called so"),
        ("doctor", "is called so"),
    ],
)
def test_a_name_that_no_platform_can_have_is_refused_with_what_to_do(
    name: str, fix: str, tmp_path: Path
) -> None:
    status, said = new_frontend(name, tmp_path)

    assert status == PROBLEM
    assert fix in said
    assert list(tmp_path.iterdir()) == []
