"""What `make` puts on a machine: pinned, hashed, used, and nothing else."""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
OURS = ("aivax_bots", "bots", "core", "sandbox", "migrations")
LOCKS = (
    *("requirements.lock", "requirements-dev.lock", "requirements-build.lock"),
    *(str(path.relative_to(ROOT)) for path in sorted(ROOT.glob("frontends/*/requirements*.lock"))),
)
LOADED_BY_NAME = {
    "aiosqlite": "SQLAlchemy's driver of SQLite",
    "django-htmx": "carries htmx's files, which the console finds by the package's name",
    "psycopg": "SQLAlchemy's driver of PostgreSQL",
    "python-multipart": "Starlette, for forms with files",
    "socksio": "httpx, for SOCKS proxies",
}
"""Dependencies that nothing imports by a line of its own, and what loads them."""
OF_ANOTHER = {"pydantic-core": "a part of pydantic, which says its version"}


def project() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text())


def names(requirements: list[str]) -> set[str]:
    return {canonicalize_name(Requirement(each).name) for each in requirements}


def imported() -> set[str]:
    """The first names of all modules that the program imports."""
    found: set[str] = set()
    for folder in OURS:
        for path in (ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Import):
                    found |= {alias.name.partition(".")[0] for alias in node.names}
                elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                    found.add(node.module.partition(".")[0])
    return found


def pinned(lock: str) -> dict[str, str]:
    """Each requirement of a lock by its name, with its version and hashes."""
    entries = re.split(r"\n(?=\S)", (ROOT / lock).read_text().strip().replace("\\\n", ""))
    return {re.split(r"[=\s\[]", entry)[0].lower(): entry for entry in entries}


def distributions_used() -> set[str]:
    """The names of the packages that the program imports something of."""
    owners, wanted = packages_distributions(), declared()
    found = set()
    for module in imported() - set(OURS):
        theirs = {canonicalize_name(name) for name in owners.get(module, ())}
        found |= theirs if len(theirs) == 1 else (theirs & wanted or theirs)  # several share a name's space
    return found


def declared() -> set[str]:
    told = project()["project"]
    extras = [each for extra in told["optional-dependencies"].values() for each in extra]
    return names([*told["dependencies"], *extras])


def test_every_dependency_is_imported_somewhere() -> None:
    assert declared() - distributions_used() <= LOADED_BY_NAME.keys()


def test_whatever_is_imported_is_a_dependency() -> None:
    assert distributions_used() - declared() == OF_ANOTHER.keys()


@pytest.mark.parametrize("lock", LOCKS)
def test_every_line_of_a_lock_has_a_version_and_hashes_and_no_address(lock: str) -> None:
    for name, entry in pinned(lock).items():
        assert re.match(r"[A-Za-z0-9._\-\[\]]+==\S+", entry), name
        assert "--hash=sha256:" in entry, name
        assert "://" not in entry, name


def test_what_builds_the_package_is_pinned_too_and_alike_for_users_and_developers() -> None:
    told = project()["build-system"]
    build, dev = pinned("requirements-build.lock"), pinned("requirements-dev.lock")

    assert names(told["requires"]) <= build.keys()
    assert {name: dev.get(name) for name in build} == build


def test_make_installs_what_is_hashed_and_builds_the_package_from_that_alone(tmp_path: Path) -> None:
    """The real Makefile; the hashed installs are noted and their work is lent, so that no network is needed."""
    checkout, notes = tmp_path / "checkout", tmp_path / "notes"
    left_out = shutil.ignore_patterns(".venv", ".git", "data", "tests", ".*_cache", ".hypothesis")
    shutil.copytree(ROOT, checkout, ignore=left_out)
    pip = tmp_path / "pip"
    pip.write_text(
        "#!/bin/sh\n"
        f'echo "$@" >> {notes}\n'
        'case "$*" in *--require-hashes*) exit 0;; esac\n'
        f'echo {sysconfig.get_path("purelib")} > "$(echo .venv/lib/python3*)"/site-packages/lent.pth\n'
        'exec .venv/bin/python -m pip --quiet "$@"\n'
    )
    pip.chmod(0o755)
    nowhere = {"PIP_INDEX_URL": "http://127.0.0.1:9/", "PIP_CONFIG_FILE": os.devnull, "PIP_RETRIES": "0"}
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), **nowhere}

    made = subprocess.run(
        ["make", ".venv/.run", f"PYTHON={sys.executable}", f"PIP={pip}"],  # noqa: S607  the one that the README says
        cwd=checkout,
        env=environment,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )

    assert made.returncode == 0, made.stderr
    unhashed = [line for line in notes.read_text().splitlines() if "--require-hashes" not in line]
    assert unhashed == ["install --no-index --no-build-isolation --no-deps -e ."]
    told = subprocess.run(
        [checkout / ".venv/bin/aivax-bots", "slack", "manifest"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert '"display_information"' in told.stdout, (
        told.stderr
    )  # the frontends were found by their entry points
