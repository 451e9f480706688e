"""Settings: read once, from `config.toml` and the environment, into frozen sections.

The environment wins: `AIVAX_BOTS__SECTION__KEY`, or `AIVAX_BOTS__SECTION__KEY_FILE` naming a file that holds the
value. Nothing else reads either of them.
"""

from __future__ import annotations

import difflib
import json
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Literal, get_origin

from pydantic import BaseModel, Field, SecretStr, ValidationError, create_model
from pydantic_core import ErrorDetails

from bots.frontends import Plugin
from core.errors import BotError, SettingRefused
from core.settings import (
    AivaxSettings,
    ConversationSettings,
    LimitsSettings,
    RepliesSettings,
    Route,
    Section,
    StorageSettings,
)

PREFIX = "AIVAX_BOTS__"
CONFIG_VARIABLE = "AIVAX_BOTS_CONFIG"
DEFAULT_PATH = Path("config.toml")


class WebSettings(Section):
    """`[web]`: health and readiness over HTTP."""

    enabled: bool = False
    host: str = "127.0.0.1"
    port: int = Field(8780, ge=0, le=65535)
    admin_token: SecretStr = SecretStr("")


class OperatorSettings(Section):
    """`[operators]`: who runs this bot, and where notices to them go."""

    slack_users: tuple[str, ...] = ()
    discord_users: tuple[str, ...] = ()
    discord_roles: tuple[str, ...] = ()
    channel: str = ""
    """`slack:C0123456` or `discord:123456`: where notices go, beside the log."""


class LogSettings(Section):
    """`[log]`: what is written to standard error."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["text", "json"] = "text"


class Settings(Section):
    """All sections. Those of the installed frontends are added to it by `compose`."""

    aivax: AivaxSettings = AivaxSettings()
    storage: StorageSettings = StorageSettings()
    conversation: ConversationSettings = ConversationSettings()
    limits: LimitsSettings = LimitsSettings()
    replies: RepliesSettings = RepliesSettings()
    web: WebSettings = WebSettings()
    operators: OperatorSettings = OperatorSettings()
    log: LogSettings = LogSettings()
    routes: tuple[Route, ...] = ()

    def frontend(self, name: str) -> Any:
        """The section of an installed frontend."""
        return getattr(self, name)


class SettingsRefused(BotError):
    """The configuration can't be used; every problem that was found."""

    def __init__(self, problems: Iterable[SettingRefused]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


def load(plugins: Mapping[str, Plugin], *, path: Path | None, environment: Mapping[str, str]) -> Settings:
    """Read the configuration.

    `path` is the file that the operator named; without one, `$AIVAX_BOTS_CONFIG`, else `config.toml` if it exists.

    Raises:
        SettingsRefused: with every unknown name, unreadable file and unusable value.
    """
    model = compose(plugins)
    values = _read_file(path, environment)
    problems = _overlay(model, values, environment)
    try:
        settings = model.model_validate(values)
    except ValidationError as exc:
        problems += [_problem(model, error) for error in exc.errors(include_url=False)]
    if problems:
        raise SettingsRefused(problems) from None
    return settings


def compose(plugins: Mapping[str, Plugin]) -> type[Settings]:
    """`Settings` with a section for each installed frontend."""
    sections: dict[str, Any] = {
        name: (plugin.settings, Field(default_factory=plugin.settings)) for name, plugin in plugins.items()
    }
    return create_model("Settings", __base__=Settings, **sections)


def config_path(path: Path | None, environment: Mapping[str, str]) -> Path | None:
    """The file that will be read, or None when there is none to read."""
    if path is None and environment.get(CONFIG_VARIABLE):
        path = Path(environment[CONFIG_VARIABLE])
    if path is None:
        return DEFAULT_PATH if DEFAULT_PATH.exists() else None
    return path


def _read_file(path: Path | None, environment: Mapping[str, str]) -> dict[str, Any]:
    chosen = config_path(path, environment)
    if chosen is None:
        return {}
    try:
        return tomllib.loads(chosen.read_text(encoding="utf-8-sig"))
    except OSError as exc:
        fix = f"the file can't be read ({exc.strerror}); create it from config.example.toml"
        raise SettingsRefused([SettingRefused(str(chosen), fix=fix)]) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as exc:
        raise SettingsRefused([SettingRefused(str(chosen), fix=f"this is not valid TOML: {exc}")]) from None


def _overlay(
    model: type[BaseModel], values: dict[str, Any], environment: Mapping[str, str]
) -> list[SettingRefused]:
    """Lay the environment's values over the file's; return what can't be laid."""
    problems = []
    for variable in sorted(name for name in environment if name.upper().startswith(PREFIX)):
        try:
            section, key, text = _read_variable(model, variable, environment[variable])
        except SettingRefused as problem:
            problems.append(problem)
            continue
        if not key:
            values[section] = text
        elif isinstance(values.setdefault(section, {}), dict):
            values[section][key] = text
    return problems


def _read_variable(model: type[BaseModel], variable: str, value: str) -> tuple[str, str, Any]:
    """`AIVAX_BOTS__SLACK__BOT_TOKEN` -> ("slack", "bot_token", value)."""
    section, _, key = variable[len(PREFIX) :].lower().partition("__")
    fields = _section_fields(model, section)
    if section not in model.model_fields:
        raise SettingRefused(
            variable, fix=f"there is no section [{section}]{_nearest(section, model.model_fields)}"
        )
    if fields is None:
        return section, "", _parse_json(variable, value)
    if key not in fields and key.endswith("_file") and key.removesuffix("_file") in fields:
        return section, key.removesuffix("_file"), _from_file(variable, value)
    if key not in fields:
        nearest = _nearest(key, fields)
        raise SettingRefused(variable, fix=f"[{section}] has no key {key!r}{nearest}")
    if get_origin(fields[key].annotation) is tuple:
        return section, key, _split_list(variable, value)
    return section, key, value


def _section_fields(model: type[BaseModel], section: str) -> Mapping[str, Any] | None:
    """The keys of a section; None for `routes`, which is a list of tables."""
    field = model.model_fields.get(section)
    annotation = field.annotation if field else None
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation.model_fields
    return None


def _from_file(variable: str, path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as exc:
        reason = exc.strerror if isinstance(exc, OSError) else "it is not text"
        raise SettingRefused(variable, value=path, fix=f"the file can't be read ({reason})") from None


def _split_list(variable: str, value: str) -> list[str]:
    if value.lstrip().startswith("["):
        parsed: list[str] = _parse_json(variable, value)
        return parsed
    return [item.strip() for item in value.split(",") if item.strip()]


def _parse_json(variable: str, value: str) -> Any:
    try:
        return json.loads(value)
    except ValueError:
        raise SettingRefused(variable, fix="write it as JSON, or put it into config.toml") from None


def _problem(model: type[BaseModel], error: ErrorDetails) -> SettingRefused:
    """A validation error in the operator's terms: the setting by name, its value unless secret, the fix."""
    location = [str(part) for part in error["loc"]]
    section, keys = location[0], location[1:]
    setting = f"[{section}] {'.'.join(keys)}".rstrip()
    if error["type"] == "extra_forbidden":
        known = (_section_fields(model, section) if keys else model.model_fields) or Route.model_fields
        name = location[-1]
        where = "there is no such key" if keys else "there is no such section"
        return SettingRefused(setting, fix=f"{where}{_nearest(name, known)}")
    shown = error["input"] if isinstance(error["input"], str | int | float | bool) else ""
    secret = _is_secret(model, section, keys)
    return SettingRefused(setting, value="" if secret else str(shown), fix=error["msg"])


def _is_secret(model: type[BaseModel], section: str, keys: list[str]) -> bool:
    fields = _section_fields(model, section) or {}
    return bool(keys) and keys[0] in fields and fields[keys[0]].annotation is SecretStr


def _nearest(name: str, known: Iterable[str]) -> str:
    matches = difflib.get_close_matches(name, list(known), n=1, cutoff=0.5)
    return f"; did you mean {matches[0]!r}?" if matches else f"; known: {', '.join(sorted(known))}"


def secrets_in(settings: BaseModel) -> list[str]:
    """Every secret that is set, for the log to leave out."""
    found: list[str] = []
    for value in (getattr(settings, name) for name in type(settings).model_fields):
        if isinstance(value, SecretStr) and value.get_secret_value():
            found.append(value.get_secret_value())
        elif isinstance(value, BaseModel):
            found += secrets_in(value)
    return found
