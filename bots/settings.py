"""Settings: read once, from `config.toml` and the environment, into frozen sections.

The environment wins: `AIVAX_BOTS__SECTION__KEY`, or `AIVAX_BOTS__SECTION__KEY_FILE` naming a file that holds the
value. Nothing else reads either of them.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any, Literal, get_origin

from pydantic import BaseModel, Field, SecretStr, StringConstraints, ValidationError, create_model

from bots.frontends import Plugin
from bots.setting_rules.errors import is_secret, nearest, problem_of, section_fields, shown
from bots.setting_rules.ids import KINDS, any_id, wrong_entries, wrong_ids
from bots.setting_rules.origins import Origins
from bots.setting_rules.renamed import OldNames
from bots.terminal import PLATFORM as TERMINAL
from bots.tools.settings import ToolsSettings
from bots.web.bounds import Bounds
from core.account.settings import AccountSettings
from core.batch.settings import BatchSettings
from core.domain import BotError, SettingRefused
from core.forms.settings import FormSettings
from core.knowledge.settings import KnowledgeSettings
from core.media.settings import MediaSettings
from core.rights.settings import MemorySettings, PrivacySettings
from core.settings import (
    AccessSettings,
    AivaxSettings,
    ConversationSettings,
    LimitsSettings,
    RepliesSettings,
    Route,
    Section,
    StorageSettings,
)
from core.storage.ops.settings import BackupSettings

NAMESPACE = "AIVAX_BOTS_"
PREFIX = "AIVAX_BOTS__"
CONFIG_VARIABLE = "AIVAX_BOTS_CONFIG"
HTTP_VARIABLE = "AIVAX_BOTS_HTTP_LIBRARY"
"""Read by `core.aivax.transport` as it is imported: `httpx` or `httpx2`."""
DEFAULT_PATH = Path("config.toml")


class WebSettings(Bounds):
    """`[web]`: health and readiness over HTTP, and how much is taken in there."""

    enabled: bool = False
    host: str = "127.0.0.1"
    port: int = Field(8780, ge=0, le=65535)
    admin_token: SecretStr = SecretStr("")


class OperatorSettings(Section):
    """`[operators]`: who runs this bot, and where alerts to them go.

    `compose` adds the lists of each installed frontend, such as `NAME_users`.
    """

    channel: Annotated[str, StringConstraints(strip_whitespace=True)] = ""
    """`platform:channel`: where alerts go, beside the log."""
    balance_thresholds: tuple[Annotated[float, Field(ge=0.01)], ...] = (5.0, 1.0)
    """In USD: operators are told when the balance falls below each of them."""

    @property
    def names(self) -> frozenset[str]:
        """Users and roles of all frontends, as `platform:id`."""
        return frozenset(
            f"{setting.rpartition('_')[0]}:{each}"
            for setting, ids in self
            if setting.rpartition("_")[2] in KINDS
            for each in ids
        )


class LogSettings(Section):
    """`[log]`: what is written to standard error."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["text", "json"] = "text"
    stalled_after_s: float = Field(0.1, ge=0)
    """How much of the processor's time one step may take before the log names it. 0: never."""


class Settings(Section):
    """All sections. Those of the installed frontends, and who of them is an operator, are added by `compose`."""

    aivax: AivaxSettings = AivaxSettings()
    storage: StorageSettings = StorageSettings()
    backup: BackupSettings = BackupSettings()
    conversation: ConversationSettings = ConversationSettings()
    limits: LimitsSettings = LimitsSettings()
    access: AccessSettings = AccessSettings()
    replies: RepliesSettings = RepliesSettings()
    media: MediaSettings = MediaSettings()
    web: WebSettings = WebSettings()
    tools: ToolsSettings = ToolsSettings()
    operators: OperatorSettings = OperatorSettings()
    log: LogSettings = LogSettings()
    knowledge: KnowledgeSettings = KnowledgeSettings()
    memory: MemorySettings = MemorySettings()
    privacy: PrivacySettings = PrivacySettings()
    account: AccountSettings = AccountSettings()
    routes: tuple[Route, ...] = ()
    forms: tuple[FormSettings, ...] = ()
    batch: BatchSettings = BatchSettings()

    def frontend(self, name: str) -> Any:
        """The section of an installed frontend."""
        return getattr(self, name)


class SettingsRefused(BotError):
    """The configuration can't be used; every problem that was found."""

    def __init__(self, problems: Iterable[SettingRefused]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


def load(
    plugins: Mapping[str, Plugin],
    *,
    path: Path | None,
    environment: Mapping[str, str],
    on_old_names: Callable[[Mapping[str, str]], object] = len,
    origins: Origins | None = None,
) -> Settings:
    """Read the configuration.

    `path` is the file that the operator named; without one, `$AIVAX_BOTS_CONFIG`, else `config.toml` if it exists.
    `on_old_names` is told which settings are given by an old name: what is written -> the setting's name of today.
    `origins` is told what was read where.

    Raises:
        SettingsRefused: with every unknown name, unreadable file and unusable value.
    """
    values, file = _read_file(path, environment), config_path(path, environment)
    return settled(plugins, values, environment, on_old_names, origins or Origins(), file)


def settled(
    plugins: Mapping[str, Plugin],
    values: dict[str, Any],
    environment: Mapping[str, str],
    on_old_names: Callable[[Mapping[str, str]], object],
    origins: Origins,
    file: Path | None,
) -> Settings:
    """Judge what `file` holds, with the environment laid over it, as `load` does; `values` is changed by it."""
    model = compose(plugins)
    old_names = OldNames()
    variables = dict(environment)
    problems = [*old_names.in_file(values), *old_names.in_environment(variables, PREFIX)]
    origins.in_file(file, values)
    problems += [*_wrong_library(environment), *_overlay(model, values, variables, origins)]
    try:
        settings = model.model_validate(values)
    except ValidationError as exc:
        problems += [problem_of(model, error) for error in exc.errors(include_url=False)]
    else:
        problems += _wrong_names(settings, plugins)
    if problems:
        raise SettingsRefused(map(old_names.as_written, problems)) from None
    on_old_names(old_names.used)
    return settings


def _wrong_library(environment: Mapping[str, str]) -> Iterator[SettingRefused]:
    """An HTTP library that there is not, or that is not installed."""
    library = environment.get(HTTP_VARIABLE, "httpx")
    if library not in ("httpx", "httpx2"):
        yield SettingRefused(HTTP_VARIABLE, value=library, fix="write httpx or httpx2")
    elif find_spec(library) is None:
        yield SettingRefused(HTTP_VARIABLE, value=library, fix="install it: pip install 'aivax-bots[httpx2]'")


def _wrong_names(settings: Settings, plugins: Mapping[str, Plugin]) -> Iterator[SettingRefused]:
    """Names of people, places and roles that could never match."""
    judges = {name: plugin.id_fix for name, plugin in plugins.items()}
    yield from wrong_entries(settings.access, {**judges, TERMINAL: any_id})
    for plugin in plugins.values():
        for setting, kind in plugin.operator_lists.items():
            ids = getattr(settings.operators, setting)
            yield from wrong_ids(f"[operators] {setting}", kind, ids, plugin.id_fix)
    channel = settings.operators.channel
    platform, _, name = channel.partition(":")
    if channel and not (platform.strip() and name.strip()):
        examples = " or ".join(each.channel_example for each in plugins.values() if each.channel_example)
        fix = f"write it as platform:channel, such as {examples or 'NAME:ID'}"
        yield SettingRefused("[operators] channel", value=shown(channel), fix=fix)
    elif channel and platform not in plugins:
        fix = f"there is no platform {shown(platform)!r}; known: {', '.join(plugins)}"
        yield SettingRefused("[operators] channel", value=shown(channel), fix=fix)


def compose(plugins: Mapping[str, Plugin]) -> type[Settings]:
    """`Settings` with a section, and lists of operators, for each installed frontend."""
    lists: dict[str, Any] = {
        setting: (tuple[str, ...], ()) for plugin in plugins.values() for setting in plugin.operator_lists
    }
    sections: dict[str, type[Section]] = {
        "operators": create_model("OperatorSettings", __base__=OperatorSettings, **lists),
        **{name: plugin.section for name, plugin in plugins.items()},
    }
    fields: dict[str, Any] = {name: (each, Field(default_factory=each)) for name, each in sections.items()}
    return create_model("Settings", __base__=Settings, **fields)


def config_path(path: Path | None, environment: Mapping[str, str]) -> Path | None:
    """The file that will be read, or None when there is none to read."""
    if named := path or environment.get(CONFIG_VARIABLE):
        return Path(named)
    return DEFAULT_PATH if DEFAULT_PATH.exists() else None


def _read_file(path: Path | None, environment: Mapping[str, str]) -> dict[str, Any]:
    chosen = config_path(path, environment)
    if chosen is None:
        return {}
    try:
        return tomllib.loads(chosen.read_text(encoding="utf-8-sig"))
    except OSError as exc:
        fix = f"the file can't be read ({exc.strerror}); create it from config.example.toml"
    except tomllib.TOMLDecodeError as exc:
        fix = f"this is not valid TOML: {exc}"
    except UnicodeDecodeError:
        fix = "this is not UTF-8 text: save the file in that encoding"
    except (ValueError, RecursionError):  # a number of thousands of digits, lists inside lists without end
        fix = "this is not valid TOML"
    raise SettingsRefused([SettingRefused(str(chosen), fix=fix)])


def _overlay(
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
            if not key:
                values[section] = text
            elif isinstance(values.setdefault(section, {}), dict):
                values[section][key] = text
    return problems


def _read_variable(model: type[BaseModel], variable: str, value: str) -> tuple[str, str, Any]:
    """`AIVAX_BOTS__WEB__ADMIN_TOKEN` -> ("web", "admin_token", value)."""
    section, _, key = variable[len(PREFIX) :].lower().partition("__")
    if section not in model.model_fields:
        raise SettingRefused(
            variable, fix=f"there is no section [{section}]{nearest(section, model.model_fields)}"
        )
    fields = section_fields(model, section)
    if fields is None:
        return section, "", _read_tables(variable, section, key, value)
    if key not in fields and key.endswith("_file") and key.removesuffix("_file") in fields:
        key = key.removesuffix("_file")
        value = _from_file(variable, value, secret=is_secret(fields[key].annotation))
    table = key.partition("__")[0]
    if table in fields and get_origin(fields[table].annotation) is dict:
        if table != key:
            whole = f"{PREFIX}{section}__{table}".upper()
            raise SettingRefused(variable, fix=f"write the whole table as JSON into {whole}")
        return section, key, _parse_json(variable, value)
    if key not in fields:
        wrong = f"[{section}] has no key {key!r}" if key else f"write {variable}__KEY to name a key"
        raise SettingRefused(variable, fix=f"{wrong}{nearest(key, fields)}")
    if get_origin(fields[key].annotation) is tuple:
        return section, key, _split_list(variable, value)
    return section, key, value


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
