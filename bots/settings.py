"""Settings: read once, from `config.toml` and the environment, into frozen sections.

The environment wins: `AIVAX_BOTS__SECTION__KEY`, or `AIVAX_BOTS__SECTION__KEY_FILE` naming a file that holds the
value. Nothing else reads either of them.
"""

from __future__ import annotations

import difflib
import json
import re
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_origin

from pydantic import (
    AfterValidator,
    BaseModel,
    Field,
    SecretStr,
    StringConstraints,
    ValidationError,
    create_model,
)
from pydantic_core import ErrorDetails

from bots.frontends import Plugin
from core.errors import BotError, SettingRefused
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

NAMESPACE = "AIVAX_BOTS_"
PREFIX = "AIVAX_BOTS__"
CONFIG_VARIABLE = "AIVAX_BOTS_CONFIG"
DEFAULT_PATH = Path("config.toml")
SHOWN_CHARS = 80

TOKEN_LIKE = re.compile(
    r"xox[a-z](?:\.xox[a-z])?-[\w-]{6,}|xapp-[\w-]{6,}|(?:sk|pk)-aiv-[\w-]+|(?<![\w-])(?:sk|pk)-[\w-]{8,}"
    r"|(?<![A-Za-z0-9])oky_\w{6,}|[\w-]{23,30}\.[\w-]{6,7}\.[\w-]{27,}"
    r"|(?<=Bot )[\w.-]{20,}|(?<=Bearer )\S{6,}|(?<=://)[^\s/@]*:[^\s/@]+(?=@)"
)
"""What looks like a token of Slack, AIVAX, OpenAI or Discord, or like the password in an address."""
HIDDEN = "[secret]"
PASSWORD_IN_URL = re.compile(r"\w[\w+.-]*://[^\s/@:]*:([^\s/@]+)@")


class WebSettings(Section):
    """`[web]`: health and readiness over HTTP."""

    enabled: bool = False
    host: str = "127.0.0.1"
    port: int = Field(8780, ge=0, le=65535)
    admin_token: SecretStr = SecretStr("")


def _platform_and_channel(channel: str) -> str:
    platform, _, name = channel.partition(":")
    if channel and not (platform.strip() and name.strip()):
        raise ValueError("write it as platform:channel, such as slack:C0123456 or discord:123456")
    return channel


class OperatorSettings(Section):
    """`[operators]`: who runs this bot, and where notices to them go."""

    slack_users: tuple[str, ...] = ()
    discord_users: tuple[str, ...] = ()
    discord_roles: tuple[str, ...] = ()
    channel: Annotated[
        str, StringConstraints(strip_whitespace=True), AfterValidator(_platform_and_channel)
    ] = ""
    """`slack:C0123456` or `discord:123456`: where notices go, beside the log."""
    balance_thresholds: tuple[Annotated[float, Field(gt=0)], ...] = (5.0, 1.0)
    """In USD: operators are told when the balance falls below each of them."""


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
    access: AccessSettings = AccessSettings()
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
    except tomllib.TOMLDecodeError as exc:
        fix = f"this is not valid TOML: {exc}"
    except UnicodeDecodeError:
        fix = "this is not UTF-8 text: save the file in that encoding"
    except (ValueError, RecursionError):  # a number of thousands of digits, lists inside lists without end
        fix = "this is not valid TOML"
    raise SettingsRefused([SettingRefused(str(chosen), fix=fix)])


def _overlay(
    model: type[BaseModel], values: dict[str, Any], environment: Mapping[str, str]
) -> list[SettingRefused]:
    """Lay the environment's values over the file's; return what can't be laid."""
    problems = [
        SettingRefused(variable, fix=f"two underscores part section and key: {PREFIX}SECTION__KEY")
        for variable in sorted(environment)
        if variable.upper().startswith(NAMESPACE)
        and not variable.upper().startswith(PREFIX)
        and variable != CONFIG_VARIABLE
    ]
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
    if section not in model.model_fields:
        raise SettingRefused(
            variable, fix=f"there is no section [{section}]{_nearest(section, model.model_fields)}"
        )
    fields = _section_fields(model, section)
    if fields is None:
        return section, "", _read_routes(variable, key, value)
    if key not in fields and key.endswith("_file") and key.removesuffix("_file") in fields:
        key = key.removesuffix("_file")
        value = _from_file(variable, value, secret=_is_secret(fields[key].annotation))
    table = key.partition("__")[0]
    if table in fields and get_origin(fields[table].annotation) is dict:
        if table != key:
            whole = f"{PREFIX}{section}__{table}".upper()
            raise SettingRefused(variable, fix=f"write the whole table as JSON into {whole}")
        return section, key, _parse_json(variable, value)
    if key not in fields:
        wrong = f"[{section}] has no key {key!r}" if key else f"write {variable}__KEY to name a key"
        raise SettingRefused(variable, fix=f"{wrong}{_nearest(key, fields)}")
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


def _read_routes(variable: str, key: str, value: str) -> Any:
    if key:
        raise SettingRefused(variable, fix=f"write all routes as one JSON list into {PREFIX}ROUTES")
    return _parse_json(variable, value)


def _from_file(variable: str, path: str, *, secret: bool) -> str:
    """What the file holds. The name of a secret's file is not shown: the secret itself may stand in its place."""
    try:
        return Path(path).read_text(encoding="utf-8-sig").strip()
    except (OSError, ValueError) as exc:
        reason = exc.strerror if isinstance(exc, OSError) else "it is not text"
        shown = "" if secret else _shown(path)
        fix = f"the file that it names can't be read ({reason})"
        raise SettingRefused(variable, value=shown, fix=fix) from None


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


def _problem(model: type[BaseModel], error: ErrorDetails) -> SettingRefused:
    """A validation error in the operator's terms: the setting by name, its value unless secret, the fix."""
    section, keys = str(error["loc"][0]), error["loc"][1:]
    fields = _section_fields(model, section)
    setting = _setting_name(section, keys, listed=section in model.model_fields and fields is None)
    if error["type"] == "extra_forbidden":
        known = (fields if keys else model.model_fields) or Route.model_fields
        where = "there is no such key" if keys else "there is no such section"
        return SettingRefused(setting, fix=f"{where}{_nearest(str(error['loc'][-1]), known)}")
    secret = not keys or (keys[0] in (fields or {}) and _is_secret((fields or {})[str(keys[0])].annotation))
    return SettingRefused(setting, value="" if secret else _shown(error["input"]), fix=_fix(error))


def _setting_name(section: str, keys: Iterable[int | str], *, listed: bool) -> str:
    """`[aivax] model`, `[replies.sentences] busy`, `[slack] x, entry 2`, `[[routes]] entry 1, model`."""
    path = list(keys)
    if not any(isinstance(key, int) for key in path):
        section, path = ".".join([section, *map(str, path[:-1])]), path[-1:]
    parts = [f"entry {key + 1}" if isinstance(key, int) else key for key in path]
    name = f"[[{section}]]" if listed else f"[{section}]"
    return TOKEN_LIKE.sub(HIDDEN, f"{name} {', '.join(parts)}".rstrip())


FIXES = {
    "missing": "this is missing: add it",
    "model_type": "write it as a section: its name in brackets on a line, then a line for each key",
    "tuple_type": 'write it as a list, such as ["one", "two"]',
    "string_type": "write it as text in quotes",
    "string_unicode": "it holds characters that are no text",
    "string_too_short": "it may not be empty",
    "literal_error": "write {expected}",
    "bool_type": "write true or false",
    "bool_parsing": "write true or false",
    "int_type": "write a whole number",
    "int_parsing": "write a whole number",
    "int_parsing_size": "write a smaller number",
    "int_from_float": "write a whole number",
    "float_type": "write a number",
    "float_parsing": "write a number",
    "greater_than": "write a number above {gt}",
    "greater_than_equal": "write {ge} or more",
    "less_than": "write a number below {lt}",
    "less_than_equal": "write {le} or less",
}
"""What mends a value, by pydantic's name of the error."""


def _fix(error: ErrorDetails) -> str:
    context = error.get("ctx", {})
    if error["type"] == "string_pattern_mismatch":
        is_address = "https?://" in str(context.get("pattern"))
        address = "write an address that begins with https:// or http://, without blanks, ? or #"
        return address if is_address else "it holds a blank or a character that can't stand there"
    if error["type"] == "tuple_type" and error["loc"] == ("routes",):
        return "begin each route with a line [[routes]], in double brackets"
    if error["type"] in FIXES:
        return FIXES[error["type"]].format(**context)
    return error["msg"].removeprefix("Value error, ")


def _shown(value: object) -> str:
    """A value as it may stand in an error: on one short line, without what looks like a secret."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int) and value.bit_length() > 64:
        return ""
    text = TOKEN_LIKE.sub(HIDDEN, str(value)) if isinstance(value, str | int | float) else ""
    return text if len(text) <= SHOWN_CHARS else f"{text[: SHOWN_CHARS - 1]}…"


def _is_secret(annotation: Any) -> bool:
    return annotation is SecretStr or any(_is_secret(part) for part in get_args(annotation))


def _nearest(name: str, known: Iterable[str]) -> str:
    matches = difflib.get_close_matches(name, list(known), n=1, cutoff=0.5)
    return f"; did you mean {matches[0]!r}?" if matches else f"; known: {', '.join(sorted(known))}"


def secrets_in(settings: BaseModel) -> list[str]:
    """Every secret that is set, passwords inside addresses too, for the log to leave out."""
    found: list[str] = []
    for value in (getattr(settings, name) for name in type(settings).model_fields):
        if isinstance(value, SecretStr):
            found += {value.get_secret_value(), value.get_secret_value().strip()} - {""}
        elif isinstance(value, BaseModel):
            found += secrets_in(value)
        elif isinstance(value, str):
            found += PASSWORD_IN_URL.findall(value)
    return found
