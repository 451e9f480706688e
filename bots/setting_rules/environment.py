"""The environment's part of the settings: which setting a variable means, and its value as the file would have it.

`AIVAX_BOTS__SECTION__KEY`, or `AIVAX_BOTS__SECTION__KEY_FILE` naming a file that holds the value; a section inside a
section, such as `[web.console]`, is one more step: `AIVAX_BOTS__WEB__CONSOLE__ENABLED`, and so is one inside that.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, get_origin

from pydantic import BaseModel

from bots.setting_rules.errors import is_secret, model_of, nearest, section_fields, shown
from bots.setting_rules.origins import Origins
from core.domain import SettingRefused

NAMESPACE = "AIVAX_BOTS_"
PREFIX = "AIVAX_BOTS__"
CONFIG_VARIABLE = "AIVAX_BOTS_CONFIG"
HTTP_VARIABLE = "AIVAX_BOTS_HTTP_LIBRARY"
"""Read by `core.aivax.transport` as it is imported: `httpx` or `httpx2`."""


def overlay(
    model: type[BaseModel], values: dict[str, Any], environment: Mapping[str, str], origins: Origins
) -> list[SettingRefused]:
    """Lay the environment's values over the file's; return what can't be laid."""
    problems = [
        SettingRefused(variable, fix=f"two underscores part section and key: {PREFIX}SECTION__KEY")
        for variable in sorted(environment)
        if variable.upper().startswith(NAMESPACE)
        and not variable.upper().startswith(PREFIX)
        and variable not in (CONFIG_VARIABLE, HTTP_VARIABLE)
    ]
    for variable in sorted(name for name in environment if name.upper().startswith(PREFIX)):
        try:
            section, key, text = _read_variable(model, variable, environment[variable])
        except SettingRefused as problem:
            problems.append(problem)
        else:
            origins.in_variable(section, key, variable)
            _lay(values, [*section.split("."), *([key] if key else [])], text)
    return problems


def _lay(values: dict[str, Any], path: Sequence[str], value: Any) -> None:
    """Set what stands at a path of tables. What is no table there is left: it is refused by its own name."""
    *tables, key = path
    for table in tables:
        inner = values.setdefault(table, {})
        if not isinstance(inner, dict):
            return
        values = inner
    values[key] = value


def section_of(variable: str) -> str:
    """`AIVAX_BOTS__WEB__ADMIN_TOKEN` -> `web`; `""` for a variable that is none of ours."""
    return variable[len(PREFIX) :].lower().partition("__")[0] if variable.upper().startswith(PREFIX) else ""


def _read_variable(model: type[BaseModel], variable: str, value: str) -> tuple[str, str, Any]:
    """`AIVAX_BOTS__WEB__ADMIN_TOKEN` -> ("web", "admin_token", value); `..._WEB__CONSOLE__ENABLED` -> "web.console"."""
    section, _, key = variable[len(PREFIX) :].lower().partition("__")
    if section not in model.model_fields:
        raise SettingRefused(
            variable, fix=f"there is no section [{section}]{nearest(section, model.model_fields)}"
        )
    fields = section_fields(model, section)
    if fields is None:
        return section, "", _read_tables(variable, section, key, value)
    table, _, rest = key.partition("__")
    while table in fields and (inner := model_of(fields[table].annotation)) is not None:
        section, fields, key = f"{section}.{table}", inner.model_fields, rest
        table, _, rest = key.partition("__")
    return section, *_read_key(variable, section, fields, key, value)


def _read_key(
    variable: str, section: str, fields: Mapping[str, Any], key: str, value: str
) -> tuple[str, Any]:
    """The key in its section, and its value."""
    if key not in fields and key.endswith("_file") and key.removesuffix("_file") in fields:
        key = key.removesuffix("_file")
        value = _from_file(variable, value, secret=is_secret(fields[key].annotation))
    table = key.partition("__")[0]
    if table in fields and get_origin(fields[table].annotation) is dict:
        if table != key:
            whole = f"{PREFIX}{section}__{table}".replace(".", "__").upper()
            raise SettingRefused(variable, fix=f"write the whole table as JSON into {whole}")
        return key, _parse_json(variable, value)
    if key not in fields:
        wrong = f"[{section}] has no key {key!r}" if key else f"write {variable}__KEY to name a key"
        raise SettingRefused(variable, fix=f"{wrong}{nearest(key, fields)}")
    if get_origin(fields[key].annotation) is tuple:
        return key, _split_list(variable, value)
    return key, value


def _read_tables(variable: str, section: str, key: str, value: str) -> Any:
    if key:
        fix = f"write all {section} as one JSON list into {PREFIX}{section.upper()}"
        raise SettingRefused(variable, fix=fix)
    return _parse_json(variable, value)


def _from_file(variable: str, path: str, *, secret: bool) -> str:
    """What the file holds. The name of a secret's file is not shown: the secret itself may stand in its place."""
    try:
        return Path(path).read_text(encoding="utf-8-sig").strip()
    except (OSError, ValueError) as exc:
        reason = exc.strerror if isinstance(exc, OSError) else "it is not text"
        value = "" if secret else shown(path)
        fix = f"the file that it names can't be read ({reason})"
        raise SettingRefused(variable, value=value, fix=fix) from None


def _split_list(variable: str, value: str) -> list[str]:
    if value.lstrip().startswith("["):
        parsed: list[str] = _parse_json(variable, value)
        return parsed
    return [item.strip() for item in value.split(",") if item.strip()]


def _parse_json(variable: str, value: str) -> Any:
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        raise SettingRefused(variable, fix="write it as JSON, or put it into config.toml") from None
