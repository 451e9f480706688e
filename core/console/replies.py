"""The bot's own sentences as they hold: the console's wording, else the configuration's, else the catalogue's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from core.console.wording import Own
from core.domain import Sentence
from core.i18n import LANGUAGES, PHRASES, LocaleTranslator, nearest, overridden, samples, sentences
from core.i18n.overrides import BY_KEY


class Source(StrEnum):
    """Where a wording comes from, the strongest first."""

    CONSOLE = "console"
    CONFIGURATION = "configuration"
    CATALOGUE = "catalogue"


@dataclass(frozen=True, slots=True)
class Reply:
    """One sentence in one language."""

    key: str
    """Its name in `[replies.sentences]`."""
    text: str
    source: Source
    below: str
    """What would be said if the console said nothing."""
    placeholders: tuple[str, ...]

    @property
    def is_own(self) -> bool:
        """Whether an operator wrote it."""
        return self.source is not Source.CATALOGUE


Wording = Mapping[str, str | dict[str, str]]
"""What stands in `[replies.sentences]`."""


def replies(wording: Wording, own: Own, language: str) -> Sequence[Reply]:
    """Every sentence in one of `LANGUAGES`, in the order of the catalogue. `own` is the console's wording."""
    configured, translated = overridden(wording, language), sentences(language)
    said = own.get(language, {})

    def reply(phrase: Sentence) -> Reply:
        below = configured.get(phrase.key) or translated.get(phrase.key, phrase.value)
        source = Source.CONFIGURATION if phrase.key in configured else Source.CATALOGUE
        if phrase.key in said:
            return Reply(phrase.key, said[phrase.key], Source.CONSOLE, below, phrase.placeholders)
        return Reply(phrase.key, below, source, below, phrase.placeholders)

    return [reply(each) for each in PHRASES]


def languages() -> Mapping[str, str]:
    """The languages by their code, each by its own name."""
    return LANGUAGES


def previewed(key: str, text: str, language: str) -> str:
    """A usable sentence as people would read it, with sample values."""
    known = nearest(language)
    translator = LocaleTranslator(known.form if known else language, {key: text})
    phrase, values = BY_KEY[key], samples(translator)
    return translator.say(phrase, **{name: values[name] for name in phrase.placeholders})


def sample_values(key: str, language: str) -> Mapping[str, str]:
    """A value for each placeholder of a sentence, as people meet it."""
    return {name: previewed(key, f"{{{name}}}", language) for name in BY_KEY[key].placeholders}
