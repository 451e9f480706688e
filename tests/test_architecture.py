"""The pages that explain the tree: pictures drawn from it, and answers that name what is really there."""

from __future__ import annotations

import ast
import importlib.util
import re
from functools import lru_cache
from pathlib import Path
from types import ModuleType

import pytest

from bots.frontends import installed
from bots.setting_rules.errors import section_fields
from bots.settings import compose

TREE = Path(__file__).parent.parent
PAGE = TREE / "docs" / "where-would-i-change.md"
ANSWER = re.compile(r"^- (?P<question>.+\?) -> (?P<places>`.+)$")
PLACE = re.compile(r"`(?P<file>[\w./-]+)(?:: (?P<name>[\w.\[\] -]+))?`")


def _script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("draw_architecture", TREE / "docs" / "draw_architecture.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


drawing = _script()


# Pictures


@pytest.mark.parametrize("name", sorted(drawing.PICTURES))
def test_each_picture_is_the_one_that_the_code_draws_today(name: str) -> None:
    drawn = (TREE / "docs" / name).read_text(encoding="utf-8")

    assert drawn == drawing.PICTURES[name](), "run: make architecture"


@pytest.mark.parametrize("package", ["core", "bots.slack", "bots.discord"])
def test_every_arrow_points_down(package: str) -> None:
    bands = drawing.layers(package)
    row = {room: number for number, band in enumerate(bands) for room in band}

    upward = [pair for pair in drawing.edges(package, list(row)) if row[pair[0]] >= row[pair[1]]]

    assert upward == []


def test_a_messages_way_goes_through_files_that_exist_for_both_platforms() -> None:
    files = {
        file.replace("<platform>", platform)
        for _, file, _ in drawing.STEPS
        for platform in ("slack", "discord")
    }

    assert [file for file in sorted(files) if not (TREE / file).is_file()] == []


# Where would I change ...?


def answers() -> list[tuple[str, str, str]]:
    """Question, file and name (empty: the file as a whole), a row for each place that an answer names."""
    found = []
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        if match := ANSWER.match(line):
            found += [
                (match["question"], place["file"], place["name"] or "")
                for place in PLACE.finditer(match["places"])
            ]
    return found


@lru_cache
def names_in(file: Path) -> frozenset[str]:
    """What a Python file defines: `function`, `CONSTANT`, `Class`, `Class.method`, `Class.field`."""
    found: set[str] = set()

    def walk(body: list[ast.stmt], prefix: str) -> None:
        for node in body:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                found.add(f"{prefix}{node.name}")
            if isinstance(node, ast.ClassDef):
                walk(node.body, f"{prefix}{node.name}.")
            targets = node.targets if isinstance(node, ast.Assign) else []
            targets = [node.target] if isinstance(node, ast.AnnAssign) else targets
            found.update(f"{prefix}{target.id}" for target in targets if isinstance(target, ast.Name))

    walk(ast.parse(file.read_text(encoding="utf-8")).body, "")
    return frozenset(found)


@pytest.mark.parametrize(("question", "file", "name"), answers(), ids=lambda part: part[:60])
def test_each_answer_names_a_file_and_a_thing_in_it_that_exist(question: str, file: str, name: str) -> None:
    path = TREE / file

    assert path.exists(), f"{question} -> there is no {file}"
    if name and path.suffix == ".py":
        assert name in names_in(path), f"{question} -> {file} has no {name}"
    elif name:
        assert name in path.read_text(encoding="utf-8"), f"{question} -> {file} does not say {name}"


def test_at_least_twenty_questions_are_answered_and_every_line_of_the_list_is_an_answer() -> None:
    lines = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("- ")]

    assert [line for line in lines if not ANSWER.match(line) or not PLACE.search(line)] == []
    assert len({question for question, _, _ in answers()}) >= 20


# What every page names

PAGES = [
    *(TREE / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md")),
    *(TREE / "docs").glob("*.md"),
]
PATH = re.compile(r"`((?:core|bots|tests|sandbox|migrations|benchmarks|docs|deploy)/[\w./-]*\w)")
SETTING = re.compile(r"`\[(\w+)\] (\w+)")
TEST = re.compile(r"\b(test_\w{12,})\b(?!\.py)")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_each_file_and_each_test_that_a_page_names_exists(page: Path) -> None:
    said = page.read_text(encoding="utf-8")

    assert [name for name in set(PATH.findall(said)) if not (TREE / name).exists()] == []
    assert [name for name in set(TEST.findall(said)) if not _is_begun(name)] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_each_setting_that_a_page_names_exists(page: Path) -> None:
    model = compose(installed())
    named = set(SETTING.findall(page.read_text(encoding="utf-8")))

    assert [each for each in named if each[1] not in (section_fields(model, each[0]) or {})] == []


def _is_begun(name: str) -> bool:
    """Whether a test's name begins so: a page may shorten it."""
    return any(known.startswith(name) for known in _names_of_tests())


@lru_cache
def _names_of_tests() -> frozenset[str]:
    files = list((TREE / "tests").rglob("*.py"))
    names = {
        each for file in files for each in re.findall(r"def (test_\w+)", file.read_text(encoding="utf-8"))
    }
    return frozenset(names | {file.stem for file in files})
