"""The bot's commands, as Discord lists them: data, in every language that we speak."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

import structlog

from core.domain.messages import Command
from core.domain.translator import Translator
from core.i18n.catalog import Phrase

log = structlog.get_logger(__name__)

Json = dict[str, Any]
TranslatorOf = Callable[[str], Translator]

ASK, ABOUT = "ask", Phrase.ASK_ABOUT.value
QUESTION, FILE, PRIVATE, GATEWAY = "question", "file", "private", "gateway"
COMMANDS: Mapping[str, Command] = {
    command.value: command
    for command in (
        Command.RESET,
        Command.STOP,
        Command.USAGE,
        Command.HELP,
        Command.PRIVACY,
        Command.MODEL,
    )
}

SPOKEN = ("en-US", "en-GB", "es-ES", "es-419", "pt-BR")
"""The locales of Discord's clients whose languages we speak."""
MOST_TO_DESCRIBE, LONGEST_QUESTION = 100, 6000
"""Discord's limits."""
_SLASH, _MESSAGE = 1, 3
_STRING, _BOOLEAN, _FILE = 3, 5, 11
_SERVER, _DIRECT = 0, 1
_NAME = re.compile(r"[-_\w]{1,32}")
"""Discord's rule for the names of slash commands and their options, which are in lower case too."""

_DESCRIBED: Mapping[Command, tuple[Phrase, Phrase]] = {
    Command.RESET: (Phrase.RESET_NAME, Phrase.RESET_COMMAND),
    Command.STOP: (Phrase.STOP_NAME, Phrase.STOP_COMMAND),
    Command.USAGE: (Phrase.USAGE_NAME, Phrase.USAGE_COMMAND),
    Command.HELP: (Phrase.HELP_NAME, Phrase.HELP_COMMAND),
    Command.PRIVACY: (Phrase.PRIVACY_NAME, Phrase.PRIVACY_COMMAND),
    Command.MODEL: (Phrase.MODEL_NAME, Phrase.MODEL_COMMAND),
}


def tree(translator_of: TranslatorOf, *, everywhere: bool) -> list[Json]:
    """Describe all commands. `everywhere`: for all servers and direct messages, not for one server."""
    described = [
        _described(ASK, Phrase.ASK_NAME, Phrase.ASK_COMMAND, translator_of)
        | {"options": _ask(translator_of)},
        *(_named(command, translator_of) for command in COMMANDS.values()),
    ]
    about = {"name": ABOUT, "name_localizations": _localised(Phrase.ASK_ABOUT, translator_of, _as_menu)}
    commands = [*({"type": _SLASH} | each for each in described), {"type": _MESSAGE} | about]
    # Discord takes contexts of global commands only
    where = {"contexts": [_SERVER, _DIRECT], "integration_types": [0]} if everywhere else {}
    return [command | where for command in commands]


def same(there: list[Json], wanted: list[Json]) -> bool:
    """Tell whether Discord lists just what is wanted, whatever defaults it has added."""
    listed, ours = _by_name(there), _by_name(wanted)
    return listed.keys() == ours.keys() and all(_covers(listed[key], ours[key]) for key in ours)


def _ask(translator_of: TranslatorOf) -> list[Json]:
    question = _described(QUESTION, Phrase.QUESTION_NAME, Phrase.ASK_QUESTION, translator_of)
    file = _described(FILE, Phrase.FILE_NAME, Phrase.ASK_FILE, translator_of)
    private = _described(PRIVATE, Phrase.PRIVATE_NAME, Phrase.ASK_PRIVATELY, translator_of)
    return [
        question | {"type": _STRING, "required": True, "max_length": LONGEST_QUESTION},
        file | {"type": _FILE},
        private | {"type": _BOOLEAN},
    ]


def _named(command: Command, translator_of: TranslatorOf) -> Json:
    described = _described(command.value, *_DESCRIBED[command], translator_of)
    if command is not Command.MODEL:
        return described
    gateway = _described(GATEWAY, Phrase.GATEWAY_NAME, Phrase.MODEL_OPTION, translator_of)
    return described | {"options": [gateway | {"type": _STRING, "autocomplete": True}]}


def _described(name: str, named: Phrase, description: Phrase, translator_of: TranslatorOf) -> Json:
    return {
        "name": name,
        "name_localizations": _localised(named, translator_of, _as_name),
        "description": _as_description(description.value),
        "description_localizations": _localised(description, translator_of, _as_description),
    }


def _localised(phrase: Phrase, translator_of: TranslatorOf, made: Callable[[str], str]) -> Json:
    """Say it for every locale; what an operator's own wording makes impossible there is left out."""
    said = {locale: made(translator_of(locale).say(phrase)) for locale in SPOKEN}
    if unfit := [locale for locale, text in said.items() if not text]:
        log.warning("discord.unfit_command_name", sentence=f"[replies.sentences] {phrase.key}", locales=unfit)
    return {locale: text for locale, text in said.items() if text}


def _as_name(text: str) -> str:
    name = text.strip().lower()
    return name if _NAME.fullmatch(name) else ""


def _as_menu(text: str) -> str:
    return text.strip()[:32]


def _as_description(text: str) -> str:
    return " ".join(text.split())[:MOST_TO_DESCRIBE]


def _by_name(commands: list[Json]) -> dict[tuple[int, str], Json]:
    return {(command.get("type", _SLASH), command["name"]): command for command in commands}


def _covers(there: object, wanted: object) -> bool:
    """Tell whether all that is wanted stands there; besides it, Discord's own fields may."""
    if isinstance(wanted, dict):
        known = there if isinstance(there, dict) else {}
        return all(
            (known.get(key) or {}) == value
            if key.endswith("_localizations")
            else _covers(known.get(key), value)
            for key, value in wanted.items()
        )
    if isinstance(wanted, list):
        known_list = there if isinstance(there, list) else []
        pairs = zip(known_list, wanted, strict=False)
        return len(known_list) == len(wanted) and all(_covers(one, other) for one, other in pairs)
    return there == wanted or (wanted is False and there is None)
