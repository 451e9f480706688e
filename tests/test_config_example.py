"""The example of the configuration: complete, true to the defaults, and fit to be copied as it stands."""

from __future__ import annotations

import re
import shutil
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import BaseModel, SecretStr

from bots.settings import Settings, compose, load
from core.forms.settings import FormInput, FormSettings
from core.scheduled.settings import DigestSettings
from core.settings import Route
from tests.shipped import shipped

EXAMPLE = Path(__file__).parent.parent / "config.example.toml"
OPTIONAL = re.compile(r"^#(?=\[\[|[a-z_]+ = )", re.MULTILINE)
"""What makes a line optional: a `#` right before a key or a table, where prose has a blank after it."""
TABLES: dict[str, type[BaseModel]] = {"routes": Route, "forms": FormSettings, "digests": DigestSettings}
"""Sections that are lists of tables."""


def example() -> str:
    return EXAMPLE.read_text(encoding="utf-8")


def complaints(text: str, model: type[Settings]) -> list[str]:
    """Everything that an example says wrongly of the settings, or leaves out."""
    written = tomllib.loads(OPTIONAL.sub("", text))
    sections = dict(_sections(model))
    found = [f"there is no section [{name}]" for name in written.keys() - sections.keys() - TABLES.keys()]
    for name, section in sections.items():
        found += _of_section(name, section, written.get(name, {}))
    for name, kind in TABLES.items():
        for entry in written.get(name) or [{}]:
            found += _of_keys(name, kind, entry)
    for form in written.get("forms") or [{}]:
        for entry in form.get("inputs") or [{}]:
            found += _of_keys("forms.inputs", FormInput, entry)
    return found


def _sections(model: type[Settings]) -> Iterator[tuple[str, type[BaseModel]]]:
    for name, field in model.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield name, field.annotation


def _of_section(name: str, section: type[BaseModel], written: dict[str, Any]) -> list[str]:
    found = _of_keys(name, section, written)
    defaults = section()
    for key in written.keys() & section.model_fields.keys():
        if (listed := _listed_in(section, key)) is not None:
            found += [each for entry in written[key] for each in _of_keys(f"{name}.{key}", listed, entry)]
            continue
        if isinstance(inner := getattr(defaults, key), BaseModel):
            found += _of_section(f"{name}.{key}", type(inner), written[key])
            continue
        default = _as_toml(inner)
        if default is not None and (written[key] != default or type(written[key]) is not type(default)):
            found.append(f"[{name}] {key} is {default!r} by default, not {written[key]!r}")
    return found


def _listed_in(section: type[BaseModel], key: str) -> type[BaseModel] | None:
    """The table that a list of tables holds; None for any other key."""
    listed = get_args(section.model_fields[key].annotation)[:1]
    return listed[0] if listed and isinstance(listed[0], type) and issubclass(listed[0], BaseModel) else None


def _of_keys(name: str, section: type[BaseModel], written: dict[str, Any]) -> list[str]:
    known = section.model_fields.keys()
    return [
        *(f"[{name}] {key} is missing" for key in known - written.keys()),
        *(f"[{name}] has no key {key}" for key in written.keys() - known),
    ]


def _as_toml(value: Any) -> Any:
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    return list(value) if isinstance(value, tuple) else value


def test_the_example_names_every_setting_with_its_default_and_no_other() -> None:
    assert complaints(example(), compose(shipped())) == []


@pytest.mark.parametrize(
    ("line", "other", "complaint"),
    [
        ("#history_tokens = 16000\n", "", "[conversation] history_tokens is missing"),
        ('app_token = ""', 'app_tokn = ""', "[slack] has no key app_tokn"),
        ("#port = 8780", "#port = 8781", "[web] port is 8780 by default, not 8781"),
        (
            "#idle_reset_hours = 0.0",
            "#idle_reset_hours = false",
            "[conversation] idle_reset_hours is 0.0 by default, not False",
        ),
        ('#model = "support:50c3"\n', "", "[routes] model is missing"),
        (
            "#password_chars = 12",
            "#password_chars = 8",
            "[web.console] password_chars is 12 by default, not 8",
        ),
        ('#reranker = "rrf"\n', "", "[knowledge.places] reranker is missing"),
        ("[log]", "[logs]", "there is no section [logs]"),
    ],
)
def test_an_example_that_went_astray_is_noticed(line: str, other: str, complaint: str) -> None:
    assert line in example()

    assert complaint in complaints(example().replace(line, other), compose(shipped()))


def test_a_copy_of_the_example_loads_and_changes_nothing(tmp_path: Path) -> None:
    config = shutil.copy(EXAMPLE, tmp_path / "config.toml")

    settings = load(shipped(), path=config, environment={})

    assert settings.model_dump() == compose(shipped())().model_dump()
    assert not any(settings.frontend(name).wanted for name in shipped())


def test_the_example_loads_with_all_that_is_optional_switched_on(tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text(OPTIONAL.sub("", example()), encoding="utf-8")

    settings = load(shipped(), path=config, environment={})

    assert [route.platform for route in settings.routes] == ["slack"]
    assert [form.name for form in settings.forms] == ["ticket"]
    assert [place.filter for place in settings.knowledge.places] == ["metadata.workspace = {workspace}"]


def test_each_setting_of_the_example_is_explained_in_the_line_above_it() -> None:
    lines = example().splitlines()
    settings = [number for number, line in enumerate(lines) if re.match(r"#?(\[|[a-z_]+ = )", line)]

    unexplained = [lines[number] for number in settings if not lines[number - 1].startswith("# ")]

    assert unexplained == []
