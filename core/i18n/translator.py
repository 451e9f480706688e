"""Saying a sentence in one language, with its values in the form of one locale."""

from __future__ import annotations

import math
from collections.abc import Mapping

from core.domain.translator import Rounding, Sentence
from core.i18n import formats

LONGEST_S = 365 * 86_400.0
"""No wait that is told is longer, whatever a server said."""
MOST_OF_A_UNIT: Mapping[formats.Unit, int] = {"second": 59, "minute": 59, "hour": 47, "day": 365}
"""Beyond so many of a unit, people use the next larger one."""


class LocaleTranslator:
    """`core.domain.translator.Translator` for one locale."""

    def __init__(self, locale: str = "en", sentences: Mapping[str, str] | None = None) -> None:
        """`locale` is one that Babel knows; `sentences` are by their key. One that is missing is said in English."""
        self._locale = locale
        self._sentences = sentences or {}

    def say(self, phrase: Sentence, **values: object) -> str:
        """Fill the values into the sentence."""
        shown = {name: self._shown(value) for name, value in values.items()}
        return self._sentences.get(phrase.key, phrase.value).format(**shown)

    def duration(self, seconds: float) -> str:
        """Choose the unit that people would use, and round up."""
        seconds = min(max(1.0, seconds), LONGEST_S)  # what is no number becomes the shortest
        for unit, most in MOST_OF_A_UNIT.items():
            count = math.ceil(seconds / formats.UNIT_S[unit])
            if count <= most:
                break
        return formats.duration(count, unit, self._locale)

    def money(self, usd: float, rounding: Rounding = "nearest") -> str:
        """Write an amount in US dollars as the locale does."""
        return formats.money(usd, self._locale, rounding)

    def _shown(self, value: object) -> object:
        return formats.number(value, self._locale) if isinstance(value, int | float) else value
