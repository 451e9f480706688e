"""The rules of this suite, on a suite of its own: what is skipped in CI, and what hangs."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

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


def outcome(folder: Path, content: str, *, ci: str) -> str:
    """What pytest says of a module under this suite's rules."""
    (folder / "conftest.py").write_text("from tests.conftest import *\n")
    (folder / "test_it.py").write_text(content)
    settings = [
        "-c",
        str(ROOT / "pyproject.toml"),
        "--rootdir",
        str(folder),
        "-p",
        "no:cacheprovider",
        "-n",
        "0",
    ]
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", *settings, str(folder)],
        cwd=ROOT,
        env={**os.environ, "CI": ci},
        capture_output=True,
        text=True,
        timeout=250,
        check=False,
    )
    return run.stdout


@pytest.mark.parametrize(("ci", "told"), [("true", "1 failed, 1 skipped"), ("", "2 skipped")])
def test_a_skip_is_a_failure_in_ci_unless_the_test_says_why(tmp_path: Path, ci: str, told: str) -> None:
    assert told in outcome(tmp_path, SKIPS, ci=ci)


@pytest.mark.parametrize(("ci", "told"), [("true", "1 error"), ("", "1 skipped")])
def test_a_module_that_is_left_out_is_a_failure_in_ci(tmp_path: Path, ci: str, told: str) -> None:
    assert told in outcome(tmp_path, LEFT_OUT, ci=ci)


def test_a_test_that_hangs_fails_by_itself(tmp_path: Path) -> None:
    assert "1 failed" in outcome(tmp_path, HANGS, ci="")


def test_every_test_has_a_limit(tmp_path: Path) -> None:
    assert "1 passed" in outcome(tmp_path, LIMIT, ci="")
