"""The rules of this suite, on a suite of its own: what is skipped in CI, and what hangs."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from xml.etree import ElementTree

import pytest

ROOT = Path(__file__).parents[1]
SKIPS = """
import pytest

def test_without_a_reason(): pytest.skip("no server here")

@pytest.mark.may_skip("only root can")
def test_that_may(): pytest.skip("not root")
"""
LEFT_OUT = "import pytest\npytest.importorskip('nowhere_to_be_found')\n"
HANGS = """
import time, pytest

@pytest.mark.timeout(1)
def test_that_hangs(): time.sleep(60)
"""
LIMIT = """
def test_that_has_a_limit(request): assert request.node.get_closest_marker("timeout").args[0] == 300
"""
MODULES = {"skips": SKIPS, "left_out": LEFT_OUT, "hangs": HANGS, "limit": LIMIT}


@pytest.fixture(scope="module", params=["true", ""], ids=["in CI", "elsewhere"])
def ci(request: pytest.FixtureRequest) -> str:
    """What the variable `CI` says."""
    return str(request.param)


@pytest.fixture(scope="module")
def outcomes(ci: str, tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Sequence[str]]:
    """What pytest says of each module under this suite's rules: one run of all, as each reads all that tests need."""
    folder = tmp_path_factory.mktemp("suite")
    (folder / "conftest.py").write_text("from tests.conftest import *\n")
    for name, content in MODULES.items():
        (folder / f"test_{name}.py").write_text(content)
    rules = [
        "-c",
        str(ROOT / "pyproject.toml"),
        "--rootdir",
        str(folder),
        "-p",
        "no:cacheprovider",
        "-n",
        "0",
    ]
    report = folder / "report.xml"
    subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "--continue-on-collection-errors",
            *rules,
            f"--junit-xml={report}",
            str(folder),
        ],
        cwd=ROOT,
        env={**os.environ, "CI": ci},
        capture_output=True,
        timeout=250,
        check=False,
    )
    told: dict[str, list[str]] = {name: [] for name in MODULES}
    for case in ElementTree.parse(report).iter("testcase"):  # noqa: S314 - pytest wrote it
        where = f"{case.get('classname')} {case.get('name')}"
        name = next(name for name in MODULES if f"test_{name}" in where)
        told[name].append(next((each.tag for each in case), "passed"))
    return told


def test_a_skip_is_a_failure_in_ci_unless_the_test_says_why(
    outcomes: Mapping[str, Sequence[str]], ci: str
) -> None:
    assert outcomes["skips"] == (["failure", "skipped"] if ci else ["skipped", "skipped"])


def test_a_module_that_is_left_out_is_a_failure_in_ci(outcomes: Mapping[str, Sequence[str]], ci: str) -> None:
    assert outcomes["left_out"] == (["error"] if ci else ["skipped"])


def test_a_test_that_hangs_fails_by_itself(outcomes: Mapping[str, Sequence[str]]) -> None:
    assert outcomes["hangs"] == ["failure"]


def test_every_test_has_a_limit(outcomes: Mapping[str, Sequence[str]]) -> None:
    assert outcomes["limit"] == ["passed"]
