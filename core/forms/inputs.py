"""What people filled in: read from their words, and checked against what each input may be."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date

from core.domain import Option, Translator, read_options
from core.forms.settings import FormInput, FormSettings
from core.i18n import Phrase
from core.markdown.literal import code
from core.util.text import shorten

YES = frozenset({"true", "yes", "y", "on", "1", "sim", "s", "sí", "si", "verdadeiro", "verdadero"})
NO = frozenset({"false", "no", "n", "off", "0", "não", "nao", "falso"})
"""In every language that we speak, and as platforms write it."""
_WHOLE = re.compile(r"[+-]?[0-9]{1,16}")
_DECIMAL = re.compile(r"[+-]?[0-9]{1,16}(?:\.[0-9]{1,16})?")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_MOST_SHOWN = 60

Input = FormInput | Option
"""What people fill in: as the operator wrote it, or as platforms ask for it."""


class WrongInput(Exception):
    """What was filled in can't be used."""

    def __init__(self, phrase: Phrase, values: Mapping[str, object], allowed: Phrase | None = None) -> None:
        """`phrase` says so, with its values; `allowed`, what could be used, stands in it as `{allowed}`."""
        super().__init__(phrase.key)
        self.phrase = phrase
        self.values = values
        self.allowed = allowed
        self.row = 0
        """Of a file, the row that it stands in; 0: in none."""

    def told(self, translator: Translator) -> str:
        """The sentence in the reader's language."""
        if self.allowed is None:
            return translator.say(self.phrase, **self.values)
        allowed = translator.say(self.allowed, **self.values)
        return translator.say(self.phrase, **{**self.values, "allowed": allowed})


def option_of(given: FormInput) -> Option:
    """An input as platforms ask for it."""
    return Option(given.name, given.help, given.kind, given.required, given.choices, given.least, given.most)


def read_inputs(form: FormSettings, words: str) -> dict[str, str]:
    """Read what was filled in, as it goes into the prompt, by its input.

    Words behind no `name=` belong to the first input that takes text and has none yet; of a form with one input, all
    words are its value.

    Raises:
        WrongInput: something is missing, is not allowed, or belongs nowhere.
    """
    written = read_options(words, [each.name for each in form.inputs])
    named = dict(written.named)
    if written.rest:
        first = next((each for each in _takers(form.inputs, written.named) if each.name not in named), None)
        if first is None:
            raise WrongInput(
                Phrase.FORM_WORDS_LEFT, {"words": _shown(written.rest), "example": example_of(form)}
            )
        named[first.name] = written.rest
    return checked_inputs(form, named)


def checked_inputs(form: FormSettings, named: Mapping[str, str], *, row: int = 0) -> dict[str, str]:
    """Check values by their inputs' names. Raises `WrongInput`, which names the `row` where they stand in one."""
    try:
        return dict(_checked(form, named))
    except WrongInput as wrong:
        wrong.row = row
        raise


def _checked(form: FormSettings, named: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for each in form.inputs:
        if text := named.get(each.name, "").strip():
            yield each.name, _value(each, text)
        elif each.required:
            values = {"option": code(each.name), "help": each.help, "example": example_of(form)}
            raise WrongInput(Phrase.FORM_INPUT_MISSING, values)


def problems_in(
    options: Sequence[Option], named: Mapping[str, str], translator: Translator
) -> Mapping[str, str]:
    """Say, by the option's name, which values can't be used, and what could; those that are missing, too."""
    found: dict[str, str] = {}
    for each in options:
        text = named.get(each.name, "").strip()
        if not text and each.required:
            found[each.name] = translator.say(Phrase.FORM_FIELD_MISSING)
        try:
            _value(each, text) if text else None
        except WrongInput as wrong:
            found[each.name] = wrong.told(translator)
    return found


def example_of(form: FormSettings) -> str:
    """How the form is used, as code: `ticket title="..." floor=3`."""
    shown = [
        f"{each.name}={_SAMPLES.get(each.kind) or each.choices[0]}" for each in form.inputs if each.required
    ]
    return code(" ".join([form.name, *(shown or [f'{each.name}="..."' for each in form.inputs[:1]])]))


_SAMPLES = {"text": '"..."', "integer": "3", "number": "2.5", "boolean": "yes", "date": "2026-12-31"}


def _takers(inputs: Sequence[FormInput], named: Mapping[str, str]) -> list[FormInput]:
    """The inputs that words without a name may be for."""
    if not named:
        return list(inputs[:1])
    return [each for each in inputs if each.kind == "text"]


def _value(given: Input, text: str) -> str:
    text = text.strip()
    match given.kind:
        case "integer" | "number":
            return _number(given, text)
        case "date":
            return _date(given, text)
        case "boolean":
            return _boolean(given, text)
        case "choice":
            return _choice(given, text)
        case "text":
            return _text(given, text)


def _number(given: Input, text: str) -> str:
    is_whole = given.kind == "integer"
    text = text.replace(",", ".")
    number = float(text) if (_WHOLE if is_whole else _DECIMAL).fullmatch(text) else math.nan
    least = -math.inf if given.least is None else given.least
    most = math.inf if given.most is None else given.most
    if not least <= number <= most:
        raise _wrong(given, text, _NUMBER[is_whole, given.least is not None, given.most is not None])
    return text


def _boolean(given: Input, text: str) -> str:
    word = text.casefold()
    if word not in YES | NO:
        raise _wrong(given, text, Phrase.FORM_ALLOWED_YES_NO)
    return "yes" if word in YES else "no"


def _date(given: Input, text: str) -> str:
    try:
        if _DATE.fullmatch(text):
            return date.fromisoformat(text).isoformat()
    except ValueError:
        pass
    raise _wrong(given, text, Phrase.FORM_ALLOWED_DATE)


def _choice(given: Input, text: str) -> str:
    chosen = next((each for each in given.choices if each.casefold() == text.casefold()), None)
    if chosen is None:
        raise _wrong(given, text, Phrase.FORM_ALLOWED_CHOICES)
    return chosen


def _text(given: Input, text: str) -> str:
    least, most = given.least or 0, math.inf if given.most is None else given.most
    if not least <= len(text) <= most:
        allowed = (
            Phrase.FORM_ALLOWED_CHARS
            if given.least and given.most is not None
            else Phrase.FORM_ALLOWED_MOST_CHARS
            if given.most is not None
            else Phrase.FORM_ALLOWED_LEAST_CHARS
        )
        raise _wrong(given, text, allowed)
    return text


def _wrong(given: Input, text: str, allowed: Phrase) -> WrongInput:
    values = {
        "option": code(given.name),
        "value": _shown(text),
        "least": _plain(given.least),
        "most": _plain(given.most),
        "choices": ", ".join(map(code, given.choices)),
    }
    return WrongInput(Phrase.FORM_INPUT_WRONG, values, allowed)


def _plain(bound: float | None) -> float | int:
    bound = bound or 0
    return int(bound) if float(bound).is_integer() else bound


def _shown(text: str) -> str:
    return code(shorten(" ".join(text.split()), _MOST_SHOWN))


_NUMBER = {
    (True, False, False): Phrase.FORM_ALLOWED_WHOLE,
    (True, True, True): Phrase.FORM_ALLOWED_WHOLE_BETWEEN,
    (True, True, False): Phrase.FORM_ALLOWED_WHOLE_FROM,
    (True, False, True): Phrase.FORM_ALLOWED_WHOLE_UP_TO,
    (False, False, False): Phrase.FORM_ALLOWED_NUMBER,
    (False, True, True): Phrase.FORM_ALLOWED_BETWEEN,
    (False, True, False): Phrase.FORM_ALLOWED_FROM,
    (False, False, True): Phrase.FORM_ALLOWED_UP_TO,
}
"""What a number may be: whether it is whole, has a least, has a most."""
