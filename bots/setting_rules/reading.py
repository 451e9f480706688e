"""Reads the configuration: `config.toml`, with the environment laid over it, judged by a model of its sections.

Which sections there are is `bots.settings`' matter, which imports them all; a command that prints needs few of them.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any, TypeVar

from pydantic import Field, ValidationError, create_model

from bots.entry_points import names
from bots.setting_rules.environment import CONFIG_VARIABLE, HTTP_VARIABLE, PREFIX, overlay, section_of
from bots.setting_rules.errors import problem_of
from bots.setting_rules.origins import Origins
from bots.setting_rules.renamed import OldNames
from core.domain import BotError, SettingRefused
from core.section import Section

DEFAULT_PATH = Path("config.toml")
SECTIONS = frozenset(
    (
        "access", "account", "aivax", "backup", "batch", "conversation", "digests", "forms", "guard", "hooks",
        "knowledge", "limits", "log", "media", "memory", "operators", "otel", "people", "place_admins", "privacy",
        "reminders", "replies", "routes", "storage", "summaries", "tools", "web",
    )
)  # fmt: skip
"""Those of `bots.settings.Settings`; each installed frontend has one of its name beside them."""

Model = TypeVar("Model", bound=Section)


class SettingsRefused(BotError):
    """The configuration can't be used; every problem that was found."""

    def __init__(self, problems: Iterable[SettingRefused]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


def config_path(path: Path | None, environment: Mapping[str, str]) -> Path | None:
    """The file that will be read, or None when there is none to read."""
    if named := path or environment.get(CONFIG_VARIABLE):
        return Path(named)
    return DEFAULT_PATH if DEFAULT_PATH.exists() else None


def read_file(path: Path | None) -> dict[str, Any]:
    """What the file holds; nothing where there is none.

    Raises:
        SettingsRefused: it can't be read.
    """
    if path is None:
        return {}
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as exc:
        fix = f"the file can't be read ({exc.strerror}); create it from config.example.toml"
    except tomllib.TOMLDecodeError as exc:
        fix = f"this is not valid TOML: {exc}"
    except UnicodeDecodeError:
        fix = "this is not UTF-8 text: save the file in that encoding"
    except (ValueError, RecursionError):  # a number of thousands of digits, lists inside lists without end
        fix = "this is not valid TOML"
    raise SettingsRefused([SettingRefused(str(path), fix=fix)])


def judged(
    model: type[Model],
    values: dict[str, Any],
    environment: Mapping[str, str],
    file: Path | None,
    origins: Origins,
    *,
    on_old_names: Callable[[Mapping[str, str]], object],
    further: Callable[[Model], Iterable[SettingRefused]] = lambda _settings: (),
    passes_over: Callable[[str], bool] = lambda _section: False,
) -> Model:
    """Judge what `file` holds, with the environment laid over it; `values` is changed by it.

    `origins` and `on_old_names` are told as by `bots.settings.load`; `further` finds what `model` alone does not;
    `passes_over` says of which sections nothing is judged.

    Raises:
        SettingsRefused: with every unknown name and unusable value.
    """
    old_names = OldNames()
    variables = dict(environment)
    problems = [*old_names.in_file(values), *old_names.in_environment(variables, PREFIX)]
    for section in filter(passes_over, [*values]):
        del values[section]
    for variable in [each for each in variables if (section := section_of(each)) and passes_over(section)]:
        del variables[variable]
    origins.in_file(file, values)
    problems += [*_wrong_library(environment), *overlay(model, values, variables, origins)]
    try:
        settings = model.model_validate(values)
    except ValidationError as exc:
        problems += [problem_of(model, error) for error in exc.errors(include_url=False)]
    else:
        problems += further(settings)
    if problems:
        raise SettingsRefused(map(old_names.as_written, problems)) from None
    on_old_names(old_names.used)
    return settings


def read_only(
    kinds: Mapping[str, type[Section]],
    *,
    path: Path | None,
    environment: Mapping[str, str],
    on_old_names: Callable[[Mapping[str, str]], object],
) -> Mapping[str, Any]:
    """Read these sections, and pass over all others that there are: of them nothing is judged.

    Raises:
        SettingsRefused: as `bots.settings.load` does, but its fixes know no other sections.
    """
    fields: dict[str, Any] = {name: (kind, Field(default_factory=kind)) for name, kind in kinds.items()}
    file = config_path(path, environment)
    settings = judged(
        create_model("Settings", __base__=Section, **fields),
        read_file(file),
        environment,
        file,
        Origins(),
        on_old_names=on_old_names,
        passes_over=lambda section: section not in kinds and (section in SECTIONS or section in names()),
    )
    return dict(settings)


def _wrong_library(environment: Mapping[str, str]) -> Iterator[SettingRefused]:
    """An HTTP library that there is not, or that is not installed."""
    library = environment.get(HTTP_VARIABLE, "httpx")
    if library not in ("httpx", "httpx2"):
        yield SettingRefused(HTTP_VARIABLE, value=library, fix="write httpx or httpx2")
    elif find_spec(library) is None:
        yield SettingRefused(HTTP_VARIABLE, value=library, fix="install it: pip install 'aivax-bots[httpx2]'")
