"""The commands' names: each language's stand in its catalogue, and people also give a command by its name alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache

from core.domain import Capability, Command, Sentence, Translator
from core.i18n.catalog import Phrase
from core.i18n.languages import LANGUAGES, sentences
from core.i18n.rights import RightsPhrase

COMMANDS: Mapping[Command, tuple[Sentence, Sentence]] = {
    Command.RESET: (Phrase.RESET_NAME, Phrase.RESET_COMMAND),
    Command.STOP: (Phrase.STOP_NAME, Phrase.STOP_COMMAND),
    Command.USAGE: (Phrase.USAGE_NAME, Phrase.USAGE_COMMAND),
    Command.HELP: (Phrase.HELP_NAME, Phrase.HELP_COMMAND),
    Command.PRIVACY: (Phrase.PRIVACY_NAME, Phrase.PRIVACY_COMMAND),
    Command.EXPORT: (RightsPhrase.EXPORT_NAME, RightsPhrase.EXPORT_COMMAND),
    Command.FORGET: (Phrase.MEMORY_FORGET_WORD, RightsPhrase.FORGET_COMMAND),
    Command.DELETE: (Phrase.DELETE_NAME, Phrase.DELETE_COMMAND),
    Command.MODEL: (Phrase.MODEL_NAME, Phrase.MODEL_COMMAND),
}
"""Every command that has a name, with its name and its description."""
SPOKEN = tuple(command for command in COMMANDS if command is not Command.MODEL)
"""The commands that a person also gives by the name alone; the others could as well be a question."""
_SAID: Mapping[Command, Sentence] = {
    **{command: COMMANDS[command][0] for command in SPOKEN},
    Command.ERASE: RightsPhrase.FORGET_WORDS,
}
"""What is said for each: for one that is only an answer to a question of the bot's, no platform lists a name."""


def spoken_command(text: str, signs: str = "/") -> Command | None:
    """The command that a text is, in any language, perhaps behind one of `signs`; None where it is anything else."""
    word = " ".join(text.split()).casefold()
    return _by_name().get(word[1:] if word[:1] in signs else word)


def listed_command(word: str) -> Command | None:
    """The command that a word names in any language where a platform lists commands, so that it is no question."""
    return _by_listed_name().get(word.casefold())


def command_menu(words: Translator, capabilities: Sequence[Capability]) -> list[tuple[str, str]]:
    """What the bot does by a word, for a platform that lists commands: each word with what it does, in the language
    of `words`. What follows the first word, `ask`, is a question; the others are said as they stand."""
    named: list[tuple[Sentence, Sentence]] = [(Phrase.ASK_NAME, Phrase.ASK_COMMAND), *COMMANDS.values()]
    named += [(each.word, each.description) for each in capabilities if not each.operators_only]
    return [(words.say(name), words.say(description)) for name, description in named]


@cache
def _by_name() -> Mapping[str, Command]:
    return {
        sentences(language).get(name.key, name.value).casefold(): command
        for language in LANGUAGES
        for command, name in _SAID.items()
    }


@cache
def _by_listed_name() -> Mapping[str, Command]:
    return {
        sentences(language).get(name.key, name.value).casefold(): command
        for language in LANGUAGES
        for command, (name, _) in COMMANDS.items()
    }


@cache
def command_words() -> frozenset[str]:
    """All words that commands are given by, in any language: nothing else may be called so."""
    names = (Phrase.ASK_NAME, *(name for name, _ in COMMANDS.values()))
    spoken = (sentences(language).get(name.key, name.value) for language in LANGUAGES for name in names)
    return frozenset(map(str.casefold, (*spoken, *(name.value for name in names), *COMMANDS)))
