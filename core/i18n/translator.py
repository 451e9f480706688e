"""Saying a sentence in one language, with its values in the form of one locale."""

from __future__ import annotations

import math
from collections.abc import Mapping

from core.i18n import formats
from core.i18n.catalog import Phrase

LONGEST_S = 365 * 86_400.0
"""No wait that is told is longer, whatever a server said."""
MOST_OF_A_UNIT: Mapping[formats.Unit, int] = {"second": 59, "minute": 59, "hour": 47, "day": 365}
"""Beyond so many of a unit, people use the next larger one."""


class Voice:
    """Speaks the sentences in one language; numbers, money and durations in the form of one locale."""

    def __init__(self, locale: str = "en", sentences: Mapping[Phrase, str] | None = None) -> None:
        """`locale` is one that Babel knows. What is not among `sentences` is said in English."""
        self._locale = locale
        self._sentences = sentences or {}

    def say(self, phrase: Phrase, **values: object) -> str:
        """The sentence with its values filled in; numbers among them are written as the locale does."""
        shown = {name: self._shown(value) for name, value in values.items()}
        return self._sentences.get(phrase, phrase.value).format(**shown)

    def duration(self, seconds: float) -> str:
        """A length of time in the unit that people would use, rounded up."""
        seconds = min(max(1.0, seconds), LONGEST_S)  # what is no number becomes the shortest
        for unit, most in MOST_OF_A_UNIT.items():
            count = math.ceil(seconds / formats.UNIT_S[unit])
            if count <= most:
                break
        return formats.duration(count, unit, self._locale)

    def money(self, usd: float, rounding: formats.Rounding = "nearest") -> str:
        """An amount in US dollars; one below ten cents is told to the hundredth of a cent.

        `rounding`: down or up where the amount stands beside another one that it is compared with.
        """
        return formats.money(usd, self._locale, rounding)

    def _shown(self, value: object) -> object:
        return formats.number(value, self._locale) if isinstance(value, int | float) else value
