"""Says the web console's sentences, and writes its numbers, moments and shares in the reader's form."""

from __future__ import annotations

from datetime import date, datetime
from functools import cache

from core.i18n.console_text import ConsoleText
from core.i18n.languages import ENGLISH, Known, catalogue, nearest
from core.i18n.translators import LocaleTranslator

MOST_TAGS = 20
SHORT_S = 120.0


class ConsoleTranslator(LocaleTranslator):
    """One for each form of a language."""

    def __init__(self, known: Known) -> None:
        super().__init__(known.form, _sentences(known.language))
        self.tag = known.form.replace("_", "-")
        """For the page's `lang`."""

    def number(self, value: float) -> str:
        """`12345.6` -> `12,346`."""
        from babel.numbers import format_decimal

        return format_decimal(round(value), locale=self._locale)

    def decimal(self, value: float) -> str:
        """`1.5` -> `1.5`, with two places at most."""
        from babel.numbers import format_decimal

        return format_decimal(round(value, 2), locale=self._locale)

    def short_number(self, value: float) -> str:
        """`1234567` -> `1.2M`."""
        from babel.numbers import format_compact_decimal

        return format_compact_decimal(value, fraction_digits=1, locale=self._locale)

    def share(self, part: float) -> str:
        """`0.25` -> `25%`."""
        from babel.numbers import format_percent

        return format_percent(part, locale=self._locale)

    def moment(self, at: datetime) -> str:
        """Day and time to the second, in UTC."""
        from babel.dates import format_datetime

        return format_datetime(at, "d MMM y, HH:mm:ss", locale=self._locale)

    def day(self, at: date) -> str:
        """`3 Nov`."""
        from babel.dates import format_date

        return format_date(at, "d MMM", locale=self._locale)

    def seconds(self, length_s: float) -> str:
        """`3.2 s`, `4 min`."""
        from babel.units import format_unit

        unit, value = ("second", length_s) if length_s < SHORT_S else ("minute", length_s / 60)
        return format_unit(round(value, 1), f"duration-{unit}", "short", locale=self._locale)

    def ago(self, at: datetime, now: datetime) -> str:
        """How long before now: `3 minutes ago`; `in 3 minutes` for what is to come."""
        from babel.dates import format_timedelta

        return format_timedelta(at - now, add_direction=True, threshold=1.2, locale=self._locale)

    def warm(self, now: datetime) -> None:
        """Have Babel read the locale."""
        self.moment(now)
        self.ago(now, now)
        self.short_number(1_234.0)
        self.seconds(1.5)
        self.share(0.5)
        self.money(1.5)


def console_translator(accepted: str, default: str) -> ConsoleTranslator:
    """The one for a browser's `Accept-Language`; where it names no language of ours, for `default`."""
    for tag in _by_weight(accepted):
        if (known := nearest(tag)) is not None:
            return _translator(known)
    return _translator(nearest(default) or Known(ENGLISH, ENGLISH))


def _by_weight(accepted: str) -> list[str]:
    """`es;q=0.5, pt-BR` -> `pt-BR`, `es`."""
    weighted = []
    for entry in accepted.split(",")[:MOST_TAGS]:
        tag, _, weight = entry.partition(";q=")
        try:
            weighted.append((-float(weight or 1), tag.strip()))
        except ValueError:
            continue
    return [tag for _, tag in sorted(weighted, key=lambda each: each[0])]


@cache
def _translator(known: Known) -> ConsoleTranslator:
    return ConsoleTranslator(known)


@cache
def _sentences(language: str) -> dict[str, str]:
    """The translations of a language by their key."""
    if language == ENGLISH:
        return {}
    found = catalogue(language, "console")
    translated = ((text.key, found.get((text.key, text.value))) for text in ConsoleText)
    return {key: text for key, text in translated if text}
