"""How settings of a place are written: `language=es`, `person_hourly 10 server`, `reset=all`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import dropwhile

from core.domain import PLACE_LIMITS, Option, PlaceSetting, Sentence, read_options
from core.forms.inputs import NO, YES
from core.i18n import LANGUAGES, PlacesPhrase, nearest
from core.places.choices import OFF, ON, PlaceChoices

FOR, RESET, ALL = "for", "reset", "all"
CHANNEL, SERVER = "channel", "server"
NAMES = tuple(each.value for each in PlaceSetting)
_SCOPES = {
    **dict.fromkeys((CHANNEL, "canal", "here"), CHANNEL),
    **dict.fromkeys((SERVER, "servidor", "workspace", "guild"), SERVER),
}
"""Where a setting holds, as people write it."""
_HELP: Mapping[str, PlacesPhrase] = {
    PlaceSetting.LANGUAGE: PlacesPhrase.SETTINGS_LANGUAGE_HELP,
    PlaceSetting.ANSWERS: PlacesPhrase.SETTINGS_ANSWERS_HELP,
    PlaceSetting.GATEWAY: PlacesPhrase.SETTINGS_GATEWAY_HELP,
    PlaceSetting.PERSON_HOURLY: PlacesPhrase.SETTINGS_PERSON_HOURLY_HELP,
    PlaceSetting.PERSON_DAILY: PlacesPhrase.SETTINGS_PERSON_DAILY_HELP,
    PlaceSetting.PLACE_DAILY: PlacesPhrase.SETTINGS_PLACE_DAILY_HELP,
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody wrote behind the word."""

    values: Mapping[str, str] = field(default_factory=dict)
    """By the names of settings, as they were written."""
    scope: str = ""
    """`CHANNEL` or `SERVER`; `""`: it was not said."""
    reset: str = ""
    """What is to be put back: a setting's name, or `ALL`."""
    strange: str = ""
    """What is none of these."""

    @property
    def changes_nothing(self) -> bool:
        return not (self.values or self.reset)


def is_about_settings(words: str) -> bool:
    """Whether what stands behind the word is one of these: `settings for my camera?` is a question."""
    said = list(dropwhile(_SCOPES.__contains__, words.casefold().split()))
    if not said:
        return True
    name, sign, _ = said[0].partition("=")
    return name in (*NAMES, RESET) or (bool(sign) and name.isidentifier())


def read_words(words: str) -> Wanted:
    """Read what was written, in whatever order."""
    written = read_options(words, [*NAMES, FOR, RESET])
    named, strange = dict(written.named), []
    rest = iter(written.rest.split())
    for word in rest:
        name = word.casefold()
        if name in _SCOPES:
            named[FOR] = name
        elif name in (*NAMES, RESET):
            named[name] = next(rest, "")
        elif name != FOR:
            strange.append(word)
    scope, reset = named.pop(FOR, "").casefold(), named.pop(RESET, "").casefold()
    if scope and scope not in _SCOPES:
        strange.append(scope)
    if reset and reset not in (*NAMES, ALL):
        strange.append(reset)
    values = {name: _usual(name, value) for name, value in named.items()}
    return Wanted(values, _SCOPES.get(scope, ""), reset, " ".join(strange))


def allowed_settings(choices: PlaceChoices) -> Sequence[PlaceSetting]:
    """What operators let be set."""
    return [each for each in PlaceSetting if choices.settings.allows(each)]


def options_of(choices: PlaceChoices) -> tuple[Option, ...]:
    """What may be written, and what each setting takes, as platforms ask for it."""
    allowed = allowed_settings(choices)
    reset = (*(each.value for each in allowed), ALL)
    return (
        *(option_of(each, choices) for each in allowed),
        _choice(FOR, PlacesPhrase.SETTINGS_FOR_HELP, (CHANNEL, SERVER)),
        _choice(RESET, PlacesPhrase.SETTINGS_RESET_HELP, reset),
    )


def option_of(setting: PlaceSetting, choices: PlaceChoices) -> Option:
    """What a setting takes, within the operators' bounds of this moment."""
    said = _HELP[setting]
    if setting in PLACE_LIMITS:
        most = choices.most(setting)
        return Option(setting.value, said.value, "integer", False, (), 1, most, sentence=said)
    return _choice(setting.value, said, tuple(_values(setting, choices)))


def as_stored(setting: PlaceSetting, value: str, choices: PlaceChoices) -> str:
    """A value that fits its option, in the one form in which it is kept: `FAST` -> `fast`, `+05` -> `5`."""
    if setting in PLACE_LIMITS:
        return str(int(value))
    options = option_of(setting, choices).choices
    return next(each for each in options if each.casefold() == value.casefold())


def _values(setting: PlaceSetting, choices: PlaceChoices) -> Iterator[str]:
    match setting:
        case PlaceSetting.LANGUAGE:
            yield from LANGUAGES
        case PlaceSetting.ANSWERS:
            yield from (ON, OFF)
        case _:
            yield from choices.settings.gateways


def _choice(name: str, said: Sentence, choices: tuple[str, ...]) -> Option:
    return Option(name, said.value, "choice", False, choices, sentence=said)


def _usual(name: str, value: str) -> str:
    """A value as it is stored, where people write it in more than one way."""
    word = value.strip()
    if name == PlaceSetting.LANGUAGE and (known := nearest(word)) is not None:
        return known.language
    if name == PlaceSetting.ANSWERS and word.casefold() in YES | NO:
        return ON if word.casefold() in YES else OFF
    return word
