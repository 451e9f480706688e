"""The bot's commands, as Discord lists them: data, in every language that we speak."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from core.domain import Capability, Command, Option, Sentence, Translator
from core.i18n import COMMANDS, Phrase
from core.util.log import log

Json = dict[str, Any]
TranslatorOf = Callable[[str], Translator]

ASK, ABOUT, TAKE_AWAY = "ask", Phrase.ASK_ABOUT.value, Phrase.TAKE_AWAY.value
QUESTION, FILE, PRIVATE, GATEWAY, WORDS = "question", "file", "private", "gateway", "words"
LOCALES = ("en-US", "en-GB", "es-ES", "es-419", "pt-BR")
"""The locales of Discord's clients whose languages we speak."""
MOST_TO_DESCRIBE, LONGEST_QUESTION = 100, 6000
"""Discord's limits."""
_SLASH, _MESSAGE = 1, 3
_STRING, _INTEGER, _BOOLEAN, _NUMBER, _FILE = 3, 4, 5, 10, 11
_KINDS = {
    "text": _STRING,
    "choice": _STRING,
    "date": _STRING,
    "integer": _INTEGER,
    "number": _NUMBER,
    "boolean": _BOOLEAN,
}
_SERVER, _DIRECT = 0, 1
_MANAGE_CHANNELS = str(1 << 4)
"""All of the permissions that are named must be held: who manages the server mostly manages its channels, too."""
_NAME = re.compile(r"[-_\w]{1,32}")
"""Discord's rule for the names of slash commands and their options, which are in lower case too."""


def all_commands(
    translator_of: TranslatorOf, capabilities: Sequence[Capability] = (), *, everywhere: bool
) -> list[Json]:
    """Describe all commands, those of capabilities too.

    `everywhere`: for all servers and direct messages, not for one server.
    """
    gateway = _described(GATEWAY, Phrase.GATEWAY_NAME, Phrase.MODEL_OPTION, translator_of)
    options = {
        ASK: _ask_options(translator_of),
        Command.MODEL.value: [gateway | {"type": _STRING, "autocomplete": True}],
        **{each.name: _capability_options(each, translator_of) for each in capabilities},
    }
    named: dict[str, tuple[Sentence, Sentence]] = {ASK: (Phrase.ASK_NAME, Phrase.ASK_COMMAND)}
    named |= {command.value: phrases for command, phrases in COMMANDS.items()}
    named |= {each.name: (each.word, each.description) for each in capabilities}
    shown_to = {each.name: _for_admins(everywhere=everywhere) for each in capabilities if each.admins_only}
    slash = [
        {"type": _SLASH, "options": options.get(name, [])} | _described(name, *phrases, translator_of)
        for name, phrases in named.items()
    ]
    menus = [
        {
            "type": _MESSAGE,
            "name": phrase.value,
            "name_localizations": _localised(phrase, translator_of, lambda text: text.strip()[:32]),
        }
        for phrase in (Phrase.ASK_ABOUT, Phrase.TAKE_AWAY, *menus_of(capabilities))
    ]
    # Discord takes contexts of global commands only
    where = {"contexts": [_SERVER, _DIRECT], "integration_types": [0]} if everywhere else {}
    return [command | where | shown_to.get(str(command["name"]), {}) for command in (*slash, *menus)]


def _for_admins(*, everywhere: bool) -> Json:
    """Whom Discord shows a command to that only admins of a place may use, and where: servers may widen that."""
    return {"default_member_permissions": _MANAGE_CHANNELS} | ({"contexts": [_SERVER]} if everywhere else {})


def menus_of(capabilities: Sequence[Capability]) -> dict[Sentence, Capability]:
    """The capabilities that stand in the menu of messages, by what they are called there."""
    return {each.menu: each for each in capabilities if each.menu is not None}


def same(listed: list[Json], wanted: list[Json]) -> bool:
    """Tell whether Discord lists just what is wanted, whatever defaults it has added."""
    return _covers(sorted(listed, key=_kind_and_name), sorted(wanted, key=_kind_and_name))


def _ask_options(translator_of: TranslatorOf) -> list[Json]:
    question = _described(QUESTION, Phrase.QUESTION_NAME, Phrase.ASK_QUESTION, translator_of)
    file = _described(FILE, Phrase.FILE_NAME, Phrase.ASK_FILE, translator_of)
    private = _described(PRIVATE, Phrase.PRIVATE_NAME, Phrase.ASK_PRIVATELY, translator_of)
    return [
        question | {"type": _STRING, "required": True, "max_length": LONGEST_QUESTION},
        file | {"type": _FILE},
        private | {"type": _BOOLEAN},
    ]


def _capability_options(capability: Capability, translator_of: TranslatorOf) -> list[Json]:
    """What stands behind a capability's word, by name, and a file for one that takes files."""
    if capability.takes == "nothing":
        return []
    takes_files = capability.takes == "files"
    options = [_typed(each, translator_of) for each in capability.options]
    if not options:
        named = (
            capability.argument or Phrase.QUESTION_NAME,
            capability.argument_help or capability.description,
        )
        words = _described(WORDS, *named, translator_of)
        required = not (takes_files or capability.alone)
        options = [words | {"type": _STRING, "required": required, "max_length": LONGEST_QUESTION}]
    if takes_files:
        file = _described(FILE, Phrase.FILE_NAME, Phrase.ASK_FILE, translator_of)
        options.append(file | {"type": _FILE})
    return options


def _typed(option: Option, translator_of: TranslatorOf) -> Json:
    """An option that Discord asks for by its kind, and checks as far as it can."""
    told: Json = {
        "name": option.name,
        "description": _as_description(option.help) or option.name,
        "type": _KINDS[option.kind],
        "required": option.required,
    }
    if option.sentence is not None:
        told["description_localizations"] = _localised(option.sentence, translator_of, _as_description)
    if option.kind == "choice":
        return told | {"choices": [{"name": each, "value": each} for each in option.choices]}
    if option.kind == "text":
        most = LONGEST_QUESTION if option.most is None else max(1, min(int(option.most), LONGEST_QUESTION))
        return told | {"min_length": min(int(option.least or 0), most), "max_length": most}
    bounds = {"min_value": option.least, "max_value": option.most}
    whole = option.kind == "integer"
    return told | {
        name: int(bound) if whole else bound for name, bound in bounds.items() if bound is not None
    }


def _described(name: str, named: Sentence, description: Sentence, translator_of: TranslatorOf) -> Json:
    return {
        "name": name,
        "name_localizations": _localised(named, translator_of, _as_name),
        "description": _as_description(description.value),
        "description_localizations": _localised(description, translator_of, _as_description),
    }


def _localised(phrase: Sentence, translator_of: TranslatorOf, made: Callable[[str], str]) -> Json:
    """Say it for every locale; what an operator's own wording makes impossible there is left out."""
    said = {locale: made(translator_of(locale).say(phrase)) for locale in LOCALES}
    if unfit := [locale for locale, text in said.items() if not text]:
        log.warning(
            "discord.command_name_invalid", sentence=f"[replies.sentences] {phrase.key}", locales=unfit
        )
    return {locale: text for locale, text in said.items() if text}


def _as_name(text: str) -> str:
    name = text.strip().lower()
    return name if _NAME.fullmatch(name) else ""


def _as_description(text: str) -> str:
    return " ".join(text.split())[:MOST_TO_DESCRIBE]


def _kind_and_name(command: Json) -> tuple[int, str]:
    return command.get("type", _SLASH), command["name"]


def _covers(listed: object, wanted: object) -> bool:
    """Tell whether all that is wanted is listed; besides it, Discord's own fields may be."""
    if isinstance(wanted, dict) and isinstance(listed, dict):
        return all(
            (listed.get(key) or {}) == value
            if key.endswith("_localizations")
            else _covers(listed.get(key), value)
            for key, value in wanted.items()
        )
    if isinstance(wanted, list) and isinstance(listed, list):
        return len(listed) == len(wanted) and all(map(_covers, listed, wanted))
    # Discord leaves out what is empty or false
    return listed == wanted or (listed is None and not wanted)
