"""What the first sentence in a language costs, paid at the start: catalogues, and a locale's forms of numbers."""

from __future__ import annotations

import asyncio
from functools import cache

from core.i18n.catalog import Phrase
from core.i18n.languages import LANGUAGES, nearest, sentences
from core.i18n.translator import LocaleTranslator

_FORMS = (*LANGUAGES, "es-MX")
"""Locales that between them have every form that `nearest` knows."""


async def warm() -> None:
    """Read all catalogues and forms in a thread: a tenth of a second each that no answer is to wait for."""
    await asyncio.to_thread(_read)


@cache
def _read() -> None:
    for language in LANGUAGES:
        sentences(language)
    for form in {known.form for known in map(nearest, _FORMS) if known}:
        translator = LocaleTranslator(form)
        translator.money(1.5)
        for seconds in (1.0, 600.0, 7_200.0, 400_000.0):
            translator.duration(seconds)
        translator.say(Phrase.MESSAGE_TOO_LONG, most=1_000, length=1.5)
