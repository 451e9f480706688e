"""Which language a person is spoken to in: their own, else their workspace's, else the operator's default.

Sentences come from the catalogues; numbers, money and lengths of time are written by Babel, as the locale does. Babel
is loaded when the first of them is asked for: it and a locale's data cost a few megabytes.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Decimal
from functools import cache
from typing import Literal, Protocol

from core.domain import Place, Rounding, Sentence, Translator, is_chosen
from core.i18n.catalog import Phrase
from core.i18n.languages import ENGLISH, LANGUAGES, Known, nearest, sentences
from core.i18n.overrides import overridden

ROUNDINGS: Mapping[Rounding, str] = {"nearest": ROUND_HALF_EVEN, "down": ROUND_FLOOR, "up": ROUND_CEILING}
CENT, HUNDREDTH_OF_A_CENT = Decimal("0.01"), Decimal("0.0001")
SMALL_USD = 0.1
LONGEST_S = 365 * 86_400.0
"""No wait that is told is longer, whatever a server said."""
UNITS: Mapping[Literal["second", "minute", "hour", "day"], tuple[int, int]] = {
    "second": (1, 59),
    "minute": (60, 59),
    "hour": (3600, 47),
    "day": (86_400, 365),
}
"""The length of each in seconds, and how many of it there may be before people use the next larger one."""


class LocaleTranslator:
    """`core.domain.translator.Translator` for one locale."""

    def __init__(self, locale: str = "en", sentences: Mapping[str, str] | None = None) -> None:
        """`locale` is one that Babel knows; `sentences` are by their key. One that is missing is said in English."""
        self._locale = locale
        self._sentences = sentences or {}

    def say(self, phrase: Sentence, **values: object) -> str:
        """Fill the values into the sentence; `40000` becomes `40,000` or `40.000`."""
        shown = {name: self._shown(value) for name, value in values.items()}
        return self._sentences.get(phrase.key, phrase.value).format(**shown)

    def duration(self, seconds: float) -> str:
        """Choose the unit that people would use, and round up: `2 hours`, `2 horas`."""
        from babel.dates import format_timedelta

        seconds = min(max(1.0, seconds), LONGEST_S)  # what is no number becomes the shortest
        unit, unit_s = next((unit, s) for unit, (s, most) in UNITS.items() if math.ceil(seconds / s) <= most)
        rounded = math.ceil(seconds / unit_s) * unit_s
        return format_timedelta(rounded, granularity=unit, threshold=math.inf, locale=self._locale)

    def money(self, usd: float, rounding: Rounding = "nearest") -> str:
        """`1234.5` -> `$1,234.50`, `US$ 1.234,50`. An amount below ten cents keeps four digits: `$0.0012`."""
        from babel.numbers import format_currency

        step = CENT if abs(usd) >= SMALL_USD else HUNDREDTH_OF_A_CENT
        exact = Decimal(str(usd)).quantize(step, ROUNDINGS[rounding]) + 0  # no negative zero
        return format_currency(exact, "USD", locale=self._locale, decimal_quantization=False)

    def _shown(self, value: object) -> object:
        if not isinstance(value, int | float):
            return value
        from babel.numbers import format_decimal

        return format_decimal(value, locale=self._locale)


class Spoken(Protocol):
    """How the operator wants to be spoken: what `[replies]` says, as it is at each moment."""

    @property
    def locale(self) -> str: ...
    @property
    def sentences(self) -> Mapping[str, str | dict[str, str]]: ...


@dataclass(frozen=True, slots=True)
class _Fixed:
    locale: str
    sentences: Mapping[str, str | dict[str, str]]


class Translators:
    """A `Translator` for every reader, with the operator's own wording in it."""

    def __init__(
        self,
        locale: str = ENGLISH,
        wording: Mapping[str, str | dict[str, str]] | None = None,
        locale_of: Callable[[Place], str] = lambda _place: "",
        *,
        following: Spoken | None = None,
        chosen_for: Callable[[Place], str] = lambda _place: "",
    ) -> None:
        """`locale` is the operator's default, `wording` what stands in `[replies.sentences]`.

        `following` is asked for both at each use, in their place: it may change.

        `locale_of` tells the locale that operators gave a place, `chosen_for` the one that its own admins chose;
        `""` where there is none.
        """
        self._spoken: Spoken = following or _Fixed(locale, wording or {})
        self._locale_of = locale_of
        self._chosen_for = chosen_for
        self._wording = self._spoken.sentences
        self._translators: dict[Known, Translator] = {}

    def for_reader(self, locale: str, place: Place) -> Translator:
        """The one for somebody with this locale, as their platform told it (`""`: it did not), in that place.

        What admins chose for a place stands above what a platform tells of one of many readers there, and below what
        a person chose (`is_chosen`) and what one reads alone.
        """
        is_theirs = nearest(locale) is not None
        if is_theirs and (is_chosen(locale) or place.is_for_one):
            return self.of(locale)
        return self.of(self._chosen_for(place) or (locale if is_theirs else self._locale_of(place)))

    def of(self, locale: str) -> Translator:
        """The one for the nearest known language, or for the default when there is none."""
        known = nearest(locale) or nearest(self._spoken.locale) or Known(ENGLISH, ENGLISH)
        if self._wording is not self._spoken.sentences:
            self._wording = self._spoken.sentences
            self._translators.clear()
        if known not in self._translators:
            own = overridden(self._wording, known.language)
            self._translators[known] = LocaleTranslator(known.form, {**sentences(known.language), **own})
        return self._translators[known]


async def warm() -> None:
    """Read all catalogues and locales in a thread: hundredths of a second each that the loop is not to wait for."""
    import asyncio  # commands that print have no loop, and 30 modules less

    await asyncio.to_thread(_read)


@cache
def _read() -> None:
    for known in filter(None, map(nearest, (*LANGUAGES, "es-MX"))):  # every form that `nearest` knows
        translator = LocaleTranslator(known.form, sentences(known.language))
        translator.money(1.5)
        for seconds in (1.0, 600.0, 7_200.0, 400_000.0):
            translator.duration(seconds)
        translator.say(Phrase.MESSAGE_TOO_LONG, most=1_000, length=1.5)
