"""The packages of `frontends/`: each stands on what aivax-bots publishes and on what it declares, like anybody's."""

from __future__ import annotations

import ast
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

FRONTENDS = sorted(path.parent for path in (Path(__file__).parents[1] / "frontends").glob("*/pyproject.toml"))
PUBLISHED = {"aivax_bots", "aivax_bots.hooks", "aivax_bots.tools"}


def project(folder: Path) -> dict[str, Any]:
    return tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))


def imported(folder: Path) -> set[str]:
    """The modules that a package imports, at its top or inside a function."""
    found: set[str] = set()
    for path in (folder / f"aivax_bots_{folder.name}").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                found |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                found.add(node.module)
    return found


def undeclared(folder: Path) -> set[str]:
    """What a package imports that is neither published by aivax-bots nor one of its own dependencies."""
    told, owners = project(folder)["project"]["dependencies"], packages_distributions()
    declared = {canonicalize_name(Requirement(each).name) for each in told} - {"aivax-bots"}
    known = {f"aivax_bots_{folder.name}", *sys.stdlib_module_names}
    return {
        module
        for module in imported(folder) - PUBLISHED
        if (top := module.partition(".")[0]) not in known
        and not declared & {canonicalize_name(name) for name in owners.get(top, ())}
    }


def test_each_imports_what_is_published_and_what_it_declares() -> None:
    assert {folder.name: found for folder in FRONTENDS if (found := undeclared(folder))} == {}


def test_each_is_found_by_its_entry_point_and_brings_its_types_and_its_rules() -> None:
    for folder in FRONTENDS:
        told, package = project(folder), folder / f"aivax_bots_{folder.name}"

        assert told["project"]["name"] == f"aivax-bots-{folder.name}"
        assert list(told["project"]["entry-points"]["aivax_bots.frontends"]) == [folder.name]
        assert (package / "py.typed").exists()
        assert told["tool"]["mypy"]["strict"]
        contract = told["tool"]["importlinter"]["contracts"][0]
        assert {"bots", "core", "migrations", "sandbox"} <= set(contract["forbidden_modules"])
