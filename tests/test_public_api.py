"""`aivax_bots`: its names and signatures change by intent alone, its page is true, and to import it costs nothing."""

from __future__ import annotations

import ast
import asyncio
import json
import re
import subprocess
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest

import aivax_bots
from aivax_bots import Plugin, run
from bots.setting_rules.reading import SettingsRefused
from tests.programs import PROJECT

sys.path.append(str(PROJECT / "docs"))

import public_api_page

BLOCK = re.compile(r"^```python\n(.*?)^```$", flags=re.MULTILINE | re.DOTALL)
PAGE = public_api_page.PAGE.read_text(encoding="utf-8")


def test_names_and_signatures_are_those_that_were_promised() -> None:
    promised = public_api_page.FROZEN.read_text(encoding="utf-8")

    assert public_api_page.frozen() == promised, "look at docs/public-api.md, then: make api"


def test_a_changed_signature_is_seen() -> None:
    def run(stop: asyncio.Event, *, config: Path, role: str = "all") -> int:
        raise NotImplementedError

    assert [*public_api_page._lines("run", run)] == [
        "run(stop: asyncio.Event, *, config: Path, role: str = 'all') -> int"
    ]


def test_the_page_lists_every_name_as_it_would_be_written_now() -> None:
    assert public_api_page.whole(PAGE) == PAGE, "make api"


def test_every_name_explains_itself() -> None:
    named = public_api_page.public()

    assert [name for name, thing, home in named if not public_api_page.docstring(name, thing, home)] == []


def test_the_examples_run_and_use_every_name() -> None:
    examples = "\n".join(BLOCK.findall(PAGE))
    names: dict[str, object] = {"__name__": "examples"}
    exec(compile(examples, "docs/public-api.md", "exec"), names)  # noqa: S102  our own page

    assert [name for name in dir(aivax_bots) if not re.search(rf"\b{name}\b", examples)] == []
    assert isinstance(names["plugin"], Plugin)


def test_type_checkers_are_told_of_the_names_that_there_are() -> None:
    assert set(_told()) == set(dir(aivax_bots))


def _told() -> Iterator[str]:
    tree = ast.parse(Path(aivax_bots.__file__).read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            yield from (each.asname for each in node.names if each.asname)


def test_a_name_that_there_is_not_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'Pigeon'"):
        _ = aivax_bots.Pigeon


def test_an_old_name_still_works_and_says_what_it_is_called_now(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(aivax_bots._DEPRECATED, "Sentence", "Apology")

    with pytest.warns(DeprecationWarning, match=r"aivax_bots\.Sentence is now aivax_bots\.Apology"):
        found = aivax_bots.Sentence

    assert found is aivax_bots.Apology
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert aivax_bots.Apology


def test_to_import_it_or_a_plugins_names_imports_nothing_that_works() -> None:
    code = "import json, sys; from aivax_bots import Host, Plugin; print(json.dumps([*sys.modules]))"
    command = [sys.executable, "-c", code]
    ended = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, timeout=90, check=True)

    heavy = {"asyncio", "pydantic", "core.domain", "core.settings", "sqlalchemy", "structlog"}
    assert set(json.loads(ended.stdout)) & heavy == set()


async def test_a_program_that_runs_the_bot_is_told_every_wrong_setting(tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text("[aivax]\ntries = 0\n[pigeon]\n")

    with pytest.raises(SettingsRefused) as refused:
        await run(asyncio.Event(), config=config, plugins={}, environment={})

    assert {problem.setting for problem in refused.value.problems} == {"[aivax] tries", "[pigeon]"}
