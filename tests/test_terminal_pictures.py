"""docs/draw_terminal.py draws what stands on a screen, and its pictures load nothing from anywhere."""

from __future__ import annotations

import importlib.util
import re
import tempfile
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from pyte.screens import Char

DOCS = Path(__file__).parent.parent / "docs"
PICTURES = sorted(DOCS.glob("terminal-*.svg"))


@pytest.fixture(scope="module")
def draw_terminal() -> ModuleType:
    spec = importlib.util.spec_from_file_location("draw_terminal", DOCS / "draw_terminal.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_letters_and_their_looks_are_in_the_picture(draw_terminal: Any) -> None:
    row = [*(Char(each, "red", "default", bold=True) for each in "no <b>"), Char("x", "5fafff", "brown")]

    picture = draw_terminal.drawn(SimpleNamespace(letters=[row]), "any")

    assert ">no&#160;&lt;b&gt;<" in picture
    assert ">x<" in picture
    assert "font-weight: bold" in picture
    assert "#5fafff" in picture


@pytest.mark.parametrize("picture", PICTURES, ids=lambda path: path.stem)
def test_a_picture_loads_nothing(picture: Path) -> None:
    text = picture.read_text(encoding="utf-8")

    assert not re.search(r"@import|@font-face|url\((?!#)|\bhref|<script|<image", text)
    assert not any(str(folder) in text for folder in (DOCS.parent, Path(tempfile.gettempdir()), Path.home()))


def test_each_command_that_the_pages_show_has_its_picture() -> None:
    assert [each.stem for each in PICTURES] == [
        f"terminal-{name}" for name in ("chat", "doctor", "init", "status")
    ]
